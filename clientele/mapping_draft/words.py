"""Column names as concepts: split into words, German and jargon translated: ``Kunden-Nr`` is ``customer id``."""

from __future__ import annotations

import re
from functools import cache

# One word for each concept; a translation may be several words.
_CONCEPTS = {
    "id": "no nr num number nummer key code ref reference uuid guid pk",
    "customer": "cust client kunde kunden kd buyer kaeufer shopper consumer debitor member mitglied household",
    "order": "ordered gekauft bestellung bestell bestellungen auftrag auftrags purchase purchased purchases sale sales "
    "kauf",
    "product": "artikel article item sku stock produkt ware goods",
    "quantity": "qty menge anzahl stueck units pieces qte",
    "amount": "betrag total sum summe value wert umsatz warenwert gesamt turnover dollar euro pound",
    "price": "preis prix precio",
    "at": "date time datum zeit day tag timestamp ts datetime when zeitpunkt uhrzeit moment am on",
    "currency": "waehrung curr ccy iso devise",
    "status": "state zustand",
    "name": "bezeichnung title titel label designation",
    "description": "beschreibung desc details text",
    "category": "kategorie department warengruppe cat",
    "subcategory": "unterkategorie subcat",
    "brand": "marke manufacturer hersteller",
    "discount": "rabatt nachlass rebate",
    "shipping": "versand freight delivery porto versandkosten",
    "tax": "mwst vat ust gst steuer",
    "gross": "brutto incl inkl including inclusive inklusive",
    "net": "netto excl exkl excluding exclusive",
    "method": "means art mode zahlart",
    "coupon": "gutschein voucher promo promocode",
    "store": "filiale shop branch outlet location",
    "channel": "kanal medium via",
    "return": "retoure retouren ruecksendung returned rma",
    "reason": "grund why cause",
    "refund": "erstattung gutschrift refunded reimbursement",
    "first": "vor",
    "last": "nach family sur",
    "birth": "born dob geburt geburtsdatum birthdate birthday geburtstag",
    "gender": "geschlecht sex",
    "country": "land nation pays pais",
    "city": "ort stadt town ville",
    "region": "province bundesland county",
    "postcode": "plz zip zipcode postal postleitzahl",
    "phone": "telefon tel mobile telephone handy",
    "email": "mail",
    "language": "sprache locale lang",
    "created": "anlage angelegt erstellt signup signed joined join registered registration enrolled since seit",
    "session": "visit besuch",
    "device": "geraet",
    "seconds": "sec secs sek sekunde sekunden duration dauer",
    "views": "view viewed",
    "page": "pages seiten",
    "campaign": "kampagne kampagnen",
    "budget": "planned",
    "cost": "spend kosten spent expense einkaufspreis",
    "start": "starts started begin begins beginn from von ab valid effective",
    "end": "ends ended ende until till to bis expires expiry nach",
    "account": "konto acct",
    "booked": "gebucht buchung booking posted posting",
    "balance": "saldo",
    "limit": "dispo overdraft",
    "loan": "kredit kredite darlehen credit",
    "contract": "vertrag agreement",
    "principal": "darlehensbetrag",
    "interest": "zins zinssatz apr",
    "term": "laufzeit",
    "instalment": "rate installment emi",
    "due": "faellig faelligkeit soll",
    "paid": "bezahlt zahlung haben pay",
    "payment": "zahlungen payments",
    "invoice": "rechnung rechnungen bill facture factura",
    "subscription": "abo abonnement sub",
    "ticket": "anfrage case",
    "consent": "einwilligung optin",
    "point": "punkte pts",
    "program": "club programme scheme",
    "tier": "stufe level",
    "reward": "praemie",
    "feature": "function funktion",
    "user": "nutzer benutzer username",
    "outcome": "ergebnis result",
    "action": "massnahme massnahmen measure",
    "touch": "contact kontakt",
    "employees": "headcount mitarbeiter",
    "active": "aktiv enabled",
    "type": "kind typ sort",
    "recommendation": "empfehlung",
    "impression": "shown",
    "converted": "conversion",
    "line": "pos position zeile lineitem",
    "exchange": "wechselkurs kurs wechselkurse fx",
    "share": "ratio fraction",
    "subject": "betreff",
    "body": "message content nachricht",
    "priority": "prio severity",
    "satisfaction": "stars csat rating",
    "opened": "reported",
    "resolved": "solved closed geschlossen",
    "response": "reply answer",
    "participant": "exposure exposures",
    "variant": "arm group",
    "launch": "launched released",
    "bank": "umsaetze",
    "list": "listen",
    "group": "gruppe",
    "audience": "zielgruppe",
    "team": "agent",
}
# Whole names that mean more than their parts say.
_PHRASES = {
    "dob": "birth at",
    "mrr": "mrr amount",
    "vorname": "first name",
    "nachname": "last name",
    "geburtsdatum": "birth at",
    "birthdate": "birth at",
    "birthday": "birth at",
    "zahlart": "payment method",
    "einkaufspreis": "unit cost",
    "listenpreis": "unit price",
    "stueckpreis": "unit price",
    "einzelpreis": "unit price",
    "preis": "price",
    "gutschrift": "refund amount",
    "erstattung": "refund amount",
    "warenwert": "amount",
    "artikelstamm": "product",
    "bestellzeit": "order at",
    "username": "user name",
    "versandkosten": "shipping cost",
    "stand": "updated",
    "geaendert": "updated",
    "aenderung": "updated",
    "modified": "updated",
    "changed": "updated",
    "exportiert": "exported",
    "employees": "company size",
    "positionen": "order line",
    "days": "days",
    "dauerauftrag": "recurring",
    "raten": "repayment",
}
_FILLERS = {
    "the",
    "of",
    "in",
    "a",
    "der",
    "die",
    "das",
    "des",
    "is",
    "has",
    "was",
    "dim",
    "fact",
    "tbl",
    "table",
    "export",
}


@cache
def _dictionary() -> dict[str, str]:
    known = {word: concept for concept, words in _CONCEPTS.items() for word in words.split()}
    known |= {concept: concept for concept in _CONCEPTS} | _PHRASES
    return known


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The concepts in a name, in order, each once. ``InvoiceDate`` gives ("invoice", "at")."""
    text = name.replace("ß", "ss")
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        text = text.replace(umlaut, plain)
    if text.lower() in _dictionary():
        return tuple(_dictionary()[text.lower()].split())
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    raw = [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
    found = [concept for word in raw for concept in _translated(word).split()]
    kept = [word for word in found if word not in _FILLERS] or found
    return tuple(dict.fromkeys(kept))


def _translated(word: str) -> str:
    known = _dictionary()
    for form in (
        word,
        word.removesuffix("s"),
        word.removesuffix("es"),
        word.removesuffix("en"),
        word.removesuffix("n"),
    ):
        if form in known:
            return known[form]
    for cut in range(len(word) - 2, 3, -1):  # compounds: bestellnummer, kundennr
        head, tail = word[:cut], word[cut:]
        if tail in known and (head in known or head.rstrip("ns") in known):
            return f"{known.get(head) or known[head.rstrip('ns')]} {known[tail]}"
    plural = word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word
