"""Commerce: the exports of the shop, in German and in Berlin time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo.commerce import CHANNELS, PAYMENTS, PER_CATEGORY, STORE, Orders, Returns, catalogue
from clientele.demo.exports import Dirt, Export
from clientele.demo.names import CURRENCIES
from clientele.demo.people import People
from clientele.demo.sampling import column, delay, known_at, moments, pick, text
from clientele.demo.seasons import without_repeated_hour
from clientele.demo.world import CATEGORIES, DAY, World

GERMAN_TIME = "%d.%m.%Y %H:%M:%S"
STATES = ("offen", "abgeschlossen", "storniert")

ORDERS = Export(
    entity="orders",
    file="shop/bestellungen",
    clock="Bestellzeit",
    known="exportiert_am",
    rows_per_customer=12,
    decimal_comma=True,
    local_times={"Bestellzeit": GERMAN_TIME},
    sql="""
      select
          'O' || Bestellnummer as order_id,
          'C' || Kundennummer as customer_id,
          Bestellzeit as ordered_at,
          {money:Warenwert} as amount,
          Waehrung as currency,
          case Status
              when 'offen' then 'placed'
              when 'abgeschlossen' then 'completed'
              when 'storniert' then 'cancelled'
              else Status
          end as status,
          Kanal as channel,
          {money:Rabatt} as discount_amount,
          {money:Versand} as shipping_amount,
          {money:MwSt} as tax_amount,
          Zahlart as payment_method,
          Gutschein as coupon_code,
          Filiale as store_id,
          exportiert_am as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Kundennummer"),
        Dirt("type", "Warenwert", "n/a", text_only=True),
        Dirt("type", "Bestellzeit", "gestern", text_only=True),
        Dirt("range", "Warenwert", "-19,90", text_only=True),
        Dirt("currency", "Waehrung", "EUX"),
        Dirt("accepted", "Status", "verschollen"),
        Dirt("future", "Bestellzeit", "01.03.2099 10:00:00", text_only=True),
        Dirt("no_such_time", "Bestellzeit", "30.03.2025 02:30:00", text_only=True),
        Dirt("ragged", text_only=True),
    ),
)


def orders(world: World, people: People, orders: Orders) -> pa.Table:
    """Orders, one row for each state: in a store they are settled at once, else placed and settled later."""
    at_store = orders.channel == STORE
    ships = (orders.amount < 50) & ~at_store
    coupon = np.where(orders.campaign >= 0, 3, np.searchsorted([10, 15, 20], orders.coupon))
    table = pa.table(
        {
            "Bestellnummer": orders.id,
            "Kundennummer": people.number[orders.owner],
            "Bestellzeit": moments(orders.at),
            "Warenwert": orders.amount,
            "Waehrung": text(orders.currency, CURRENCIES),
            "Status": text(at_store.astype(np.int32), STATES),
            "Kanal": text(orders.channel, CHANNELS),
            "Rabatt": orders.discount,
            "Versand": np.where(ships, 4.9, 0.0),
            "MwSt": np.round(orders.amount * 19 / 119, 2),
            "Zahlart": text(orders.payment, PAYMENTS),
            "Gutschein": text(coupon, ("HALLO10", "DANKE15", "FEST20", "AKTION"), empty=orders.coupon == 0),
            "Filiale": text(orders.id % 7, tuple(f"S{i}" for i in range(1, 8)), empty=~at_store),
            "exportiert_am": moments(orders.known),
        }
    )
    # One in a hundred orders stays open.
    changed = np.flatnonzero(~at_store & (orders.id % 101 != 0) & (orders.settled < world.known_until))
    later = table.take(pa.array(changed))
    state = np.where(orders.is_cancelled[changed], 2, 1)
    later = later.set_column(5, "Status", text(state, STATES))
    later = later.set_column(13, "exportiert_am", moments(orders.settled[changed]))
    return pa.concat_tables([table, later])


ORDER_ITEMS = Export(
    entity="order_items",
    file="shop/positionen",
    clock="Bestellzeit",
    known="exportiert_am",
    format="csv.gz",
    rows_per_customer=15,
    decimal_comma=True,
    local_times={"Bestellzeit": GERMAN_TIME},
    sql="""
      select
          'L' || PosNr as order_item_id,
          'O' || Bestellnummer as order_id,
          'C' || Kundennummer as customer_id,
          Bestellzeit as ordered_at,
          'P' || Artikel as product_id,
          Menge as quantity,
          {money:Preis} as unit_price,
          {money:Rabatt} as discount_amount,
          {money:Betrag} as amount,
          Waehrung as currency,
          exportiert_am as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Bestellnummer"),
        Dirt("type", "Menge", "zwei", text_only=True),
        Dirt("range", "Menge", -1),
        Dirt("currency", "Waehrung", "TALER"),
        Dirt("ragged", text_only=True),
    ),
)


def order_items(people: People, orders: Orders) -> pa.Table:
    """Order lines; they become known with their order."""
    lines = orders.lines
    return pa.table(
        {
            "PosNr": lines.id,
            "Bestellnummer": orders.id[lines.order],
            "Kundennummer": people.number[orders.owner[lines.order]],
            "Bestellzeit": moments(orders.at[lines.order]),
            "Artikel": 1000 + lines.product,
            "Menge": lines.quantity,
            "Preis": lines.price,
            "Rabatt": lines.discount,
            "Betrag": lines.amount,
            "Waehrung": text(orders.currency[lines.order], CURRENCIES),
            "exportiert_am": moments(orders.known[lines.order]),
        }
    )


RETURNS = Export(
    entity="returns",
    file="shop/retouren",
    clock="Eingang",
    known="exportiert_am",
    rows_per_customer=2.5,
    decimal_comma=True,
    local_times={"Eingang": GERMAN_TIME},
    sql="""
      select
          'R' || Retoure as return_id,
          'O' || Bestellnummer as order_id,
          'L' || PosNr as order_item_id,
          'C' || Kundennummer as customer_id,
          'P' || Artikel as product_id,
          Eingang as returned_at,
          Menge as quantity,
          {money:Erstattung} as refund_amount,
          Waehrung as currency,
          Grund as reason,
          case Status when 'angemeldet' then 'requested' when 'erstattet' then 'refunded' else Status end as status,
          exportiert_am as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Retoure"),
        Dirt("type", "Erstattung", "n/a", text_only=True),
        Dirt("range", "Erstattung", "-5,00", text_only=True),
        Dirt("currency", "Waehrung", "EUX"),
    ),
)
REASONS = ("size", "damaged", "not_as_described", "changed_mind", "late")


def returns(world: World, chunk: int, people: People, orders: Orders, returned: Returns) -> pa.Table:
    """Returns: registered, and refunded in a later version; a few name an order that no export holds."""
    rng = world.rng("shop returns", chunk)
    line, order = returned.line, orders.lines.order[returned.line]
    known = known_at(rng, world, returned.at)
    refunded = known + delay(rng, len(line), median=3 * DAY)
    # A handful of returns belongs to orders of the old shop, which no export holds.
    old_shop = np.where(np.arange(len(line)) % 400 == 7, 9_000_000, 0)
    table = pa.table(
        {
            "Retoure": orders.lines.id[line],
            "Bestellnummer": orders.id[order] - old_shop,
            "PosNr": orders.lines.id[line] - old_shop,
            "Kundennummer": people.number[orders.owner[order]],
            "Artikel": 1000 + orders.lines.product[line],
            "Eingang": moments(without_repeated_hour(returned.at)),
            "Menge": returned.quantity,
            "Erstattung": returned.refund,
            "Waehrung": text(orders.currency[order], CURRENCIES),
            "Grund": text(pick(rng, len(line), (4, 1, 2, 3, 1)), REASONS),
            "Status": text(np.zeros(len(line)), ("angemeldet", "erstattet")),
            "exportiert_am": moments(known),
        }
    )
    later = table.set_column(10, "Status", text(np.ones(len(line)), ("angemeldet", "erstattet")))
    later = later.set_column(11, "exportiert_am", moments(refunded))
    return pa.concat_tables([table, later])


PRODUCTS = Export(
    entity="products",
    file="shop/artikelstamm",
    clock="Launch",
    known="Stand",
    delimiter=";",
    decimal_comma=True,
    sql="""
      select
          'P' || Artikel as product_id,
          Bezeichnung as product_name,
          Kategorie as category,
          Unterkategorie as subcategory,
          Marke as brand,
          {money:Listenpreis} as unit_price,
          {money:Einkaufspreis} as unit_cost,
          'EUR' as currency,
          Launch as launched_at,
          aktiv as is_active,
          Stand as loaded_at
      from source""",
    dirt=(Dirt("missing", "Artikel"), Dirt("type", "Listenpreis", "auf Anfrage", text_only=True)),
)


def products(world: World) -> pa.Table:
    """The catalogue, known since each product's launch."""
    goods = catalogue(world)
    n = len(goods.price)
    category, rank = np.arange(n) // PER_CATEGORY, np.arange(n) % PER_CATEGORY
    names = [f"{CATEGORIES[c].title()} No. {r + 1}" for c, r in zip(category, rank, strict=True)]
    return pa.table(
        {
            "Artikel": 1000 + np.arange(n),
            "Bezeichnung": names,
            "Kategorie": text(category, CATEGORIES),
            "Unterkategorie": [f"{CATEGORIES[c]}_{'abc'[r // 20]}" for c, r in zip(category, rank, strict=True)],
            "Marke": text(rank % 5, ("Nordlicht", "Atelier", "Kante", "Fjord", "Basis")),
            "Listenpreis": goods.price,
            "Einkaufspreis": goods.cost,
            "Launch": moments(goods.launched),
            "aktiv": column(goods.is_active),
            "Stand": moments(goods.launched),
        }
    )
