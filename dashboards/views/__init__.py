"""One module a page: `page(publication)` shows it. Not called pages/, whose files Streamlit would run by themselves."""
