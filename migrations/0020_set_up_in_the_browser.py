"""The organisers' address; the hours of days and categories as they were set

Revision: 0020, after 0019, of 2026-11-23
"""

import datetime as dt
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

Hours = tuple[dt.time | None, dt.time | None]

DAY = sa.table("day", sa.column("date", sa.Date), sa.column("opens", sa.Time), sa.column("closes", sa.Time))
CATEGORY = sa.table(
    "category", sa.column("id", sa.Integer), sa.column("opens", sa.Time), sa.column("closes", sa.Time)
)
ENTITLED = sa.table(
    "category_day",
    sa.column("category_id", sa.Integer),
    sa.column("date", sa.Date),
    sa.column("opens", sa.Time),
    sa.column("closes", sa.Time),
)


def upgrade() -> None:
    op.add_column("event", sa.Column("contact", sa.String(), nullable=False, server_default=""))
    for table in ("day", "category"):
        op.add_column(table, sa.Column("opens", sa.Time(), nullable=True))
        op.add_column(table, sa.Column("closes", sa.Time(), nullable=True))
    _tell_hours_apart()


def downgrade() -> None:
    for table in ("category", "day"):
        op.drop_column(table, "closes")
        op.drop_column(table, "opens")
    op.drop_column("event", "contact")


def _tell_hours_apart() -> None:
    """Until now a category's days kept its hours or those of the day, whichever held."""
    entitled: dict[int, dict[dt.date, Hours]] = {}
    for row in op.get_bind().execute(sa.select(ENTITLED)):
        entitled.setdefault(row.category_id, {})[row.date] = (row.opens, row.closes)
    # Whoever has different hours on its days, or none, follows them.
    following = {
        one: days
        for one, days in entitled.items()
        if len({*days.values()}) > 1 or (None, None) in days.values()
    }
    of_days = {date: hours for days in following.values() for date, hours in days.items()}
    for date in {date for days in entitled.values() for date in days} - set(of_days):
        of_days[date] = Counter(days[date] for days in entitled.values() if date in days).most_common(1)[0][0]
    for date, (opens, closes) in of_days.items():
        op.execute(sa.update(DAY).where(DAY.c.date == date).values(opens=opens, closes=closes))
    for one, days in entitled.items():
        if one not in following and any(of_days[date] != hours for date, hours in days.items()):
            opens, closes = next(iter(days.values()))
            op.execute(sa.update(CATEGORY).where(CATEGORY.c.id == one).values(opens=opens, closes=closes))
