"""The tree of invitations around a user: the chain of inviters above, the newest invited users below."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from common.database import sql
from users.models import User
from users.referrals import newest

#: How many of the newest invited users are shown for each user, by depth.
NEWEST_BY_DEPTH = (5, 3, 2)
#: How many of the nearest inviters are shown, besides the head of the chain.
NEAREST_INVITERS = 4
LONGEST_CHAIN = 1_000

_CHAIN_ABOVE = """
    WITH RECURSIVE chain(id, distance) AS (
        SELECT CAST(%s AS bigint), 0
        UNION ALL
        SELECT inviter_id, distance + 1 FROM users_referral JOIN chain ON invited_id = chain.id
        WHERE distance < %s
    )
    SELECT id FROM chain WHERE distance > 0 ORDER BY distance
"""


@dataclass
class Node:
    """A user in the tree (None: erased) with the newest users they invited."""

    person: User | None
    invited: list["Node"] = field(default_factory=list)

    @property
    def invited_count(self) -> int:
        return self.person.referrals_count if self.person else 0

    @property
    def hidden(self) -> int:
        """How many more invited users there are than shown."""
        return max(0, self.invited_count - len(self.invited))


@dataclass
class Tree:
    root: Node
    #: The head of the chain first, the user's own inviter last; None: erased.
    inviters: list[User | None]
    #: How many inviters between the head and the nearest ones are not shown.
    hidden_inviters: int

    @property
    def is_alone(self) -> bool:
        return not self.inviters and not self.root.invited


def tree_of(*, user: User) -> Tree:
    """Return the tree around a user. The number of queries does not depend on its size."""
    chain = list(_chain_above(user))
    nearest = chain[:NEAREST_INVITERS]
    shown = nearest if len(chain) <= NEAREST_INVITERS else [*nearest, chain[-1]]

    levels: list[list[tuple[int, int | None]]] = []
    parents = {user.pk}
    for limit in NEWEST_BY_DEPTH:
        levels.append(newest.invited_by(parents, limit=limit))
        parents = {invited for _, invited in levels[-1] if invited is not None}

    known = {*shown, *(invited for level in levels for _, invited in level)}
    users = User.objects.in_bulk([pk for pk in known if pk is not None])
    root = Node(user)
    nodes = {user.pk: root}
    for level in levels:
        below: dict[int, Node] = {}
        for inviter, invited in level:
            node = Node(users.get(invited or 0))
            nodes[inviter].invited.append(node)
            if invited is not None:
                below[invited] = node
        nodes = below
    inviters = [users.get(pk or 0) for pk in reversed(shown)]
    return Tree(root, inviters, hidden_inviters=len(chain) - len(shown))


def _chain_above(user: User) -> Iterator[int | None]:
    """Yield the ids of the user's inviter, that one's inviter and so on; None, for an erased inviter, is the last."""
    met = {user.pk}
    for (pk,) in sql.rows(_CHAIN_ABOVE, user.pk, LONGEST_CHAIN):
        if pk in met:  # a circle, made while REFERRAL_ALLOW_CIRCLES was set
            return
        met.add(pk)
        yield pk
