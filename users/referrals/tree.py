"""The tree of invitations around a person: who invited them, up to the head, and who came with them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import connection

from users.models import User

#: How many of the newest are shown of those whom the person invited, of those whom these invited, and so on.
NEWEST_BY_DEPTH = (5, 3, 2)
#: Of a long chain of inviters the nearest are shown, and its head.
NEAREST_INVITERS = 4
LONGEST_CHAIN = 1_000


@dataclass
class Node:
    """A person in the tree, None once erased, with the newest of those who came with them."""

    person: User | None
    invited: list["Node"] = field(default_factory=list)

    @property
    def invited_count(self) -> int:
        return self.person.referrals_count if self.person else 0

    @property
    def hidden(self) -> int:
        """How many more came than are shown."""
        return max(0, self.invited_count - len(self.invited))


@dataclass
class Tree:
    root: Node
    #: The head of the chain first, the person's own inviter last; an erased one is None.
    inviters: list[User | None]
    #: How many inviters between the head and the others are not shown.
    hidden_inviters: int

    @property
    def is_alone(self) -> bool:
        return not self.inviters and not self.root.invited


def tree_of(*, person: User) -> Tree:
    """Return the tree around a person; it takes as many queries for a million invited as for one."""
    chain = list(_chain_above(person))
    nearest = chain[:NEAREST_INVITERS]
    shown = nearest if len(chain) <= NEAREST_INVITERS else [*nearest, chain[-1]]

    levels: list[list[tuple[int, int | None]]] = []
    parents = {person.pk}
    for newest in NEWEST_BY_DEPTH:
        levels.append(_newest_invited_by(parents, newest) if parents else [])
        parents = {invited for _, invited in levels[-1] if invited is not None}

    known = {*shown, *(invited for level in levels for _, invited in level)}
    people = User.objects.in_bulk([pk for pk in known if pk is not None])
    root = Node(person)
    nodes = {person.pk: root}
    for level in levels:
        below: dict[int, Node] = {}
        for inviter, invited in level:
            node = Node(people.get(invited or 0))
            nodes[inviter].invited.append(node)
            if invited is not None:
                below[invited] = node
        nodes = below
    inviters = [people.get(pk or 0) for pk in reversed(shown)]
    return Tree(root, inviters, hidden_inviters=len(chain) - len(shown))


def _chain_above(person: User) -> Iterator[int | None]:
    """Yield the ids of who invited this person, who invited those, and so on; None ends it where one was erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE chain(id, distance) AS (
                SELECT CAST(%s AS bigint), 0
                UNION ALL
                SELECT inviter_id, distance + 1 FROM users_referral JOIN chain ON invited_id = chain.id
                WHERE distance < %s
            )
            SELECT id FROM chain WHERE distance > 0 ORDER BY distance
            """,
            [person.pk, LONGEST_CHAIN],
        )
        met = {person.pk}
        for (pk,) in cursor.fetchall():
            if pk in met:  # a circle, from a time when they were allowed
                return
            met.add(pk)
            yield pk


def _newest_invited_by(inviters: Iterable[int], newest: int) -> list[tuple[int, int | None]]:
    """Return pairs of inviter and invited, each inviter's newest first; an index finds them, however many there are."""
    one = """
        SELECT * FROM (
            SELECT inviter_id, invited_id FROM users_referral
            WHERE inviter_id = %s ORDER BY activated_at DESC, id DESC LIMIT %s
        ) AS newest
    """
    ids = sorted(inviters)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(ids)), [value for pk in ids for value in (pk, newest)])
        return list(cursor.fetchall())
