"""Write, audit, publish: readers get a whole, checked set of marts by one rename, or keep the one they have.

`publishing.publish` copies what dbt built into a side file, holds both against each other and switches;
`auditing.audit` says beforehand whether the build may be published; `versions.Published` is the folder.
"""
