"""Layout of the picture of a tree of invitations: inviters to the left, invited users to the right."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from django.urls import reverse
from django.utils.translation import gettext as _

from panel.lists import show_phone
from panel.templatetags.panel import show_number
from users.models import User
from users.referrals.tree import Node, Tree

BOX_WIDTH, BOX_HEIGHT = 160, 40
COLUMN_WIDTH, ROW_HEIGHT = BOX_WIDTH + 28, BOX_HEIGHT + 10
LONGEST_NAME = 14


@dataclass
class Box:
    """A box at a place in the grid: a user, an erased user or the number of hidden users."""

    column: int
    row: float
    title: str
    note: str = ""
    url: str = ""
    kind: str = "person"

    @property
    def x(self) -> int:
        return self.column * COLUMN_WIDTH + 1

    @property
    def y(self) -> int:
        return round(self.row * ROW_HEIGHT) + 1

    @property
    def middle(self) -> int:
        return self.y + BOX_HEIGHT // 2


@dataclass
class Picture:
    boxes: list[Box] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    rows: int = 0

    box_width, box_height = BOX_WIDTH, BOX_HEIGHT

    @property
    def width(self) -> int:
        return max(box.x for box in self.boxes) + BOX_WIDTH + 1

    @property
    def height(self) -> int:
        return max(box.y for box in self.boxes) + BOX_HEIGHT + 1


def draw(tree: Tree) -> Picture:
    """Place all users without overlaps, each at the vertical middle of those they invited."""
    picture = Picture()
    above = list(_above(tree))
    own = _place(picture, tree.root, column=len(above))
    own.kind = "self"
    for box in above:
        box.row = own.row
    picture.boxes += above
    picture.lines += [_line(left, right) for left, right in pairwise([*above, own])]
    return picture


def _above(tree: Tree) -> Iterator[Box]:
    column = 0
    for nth, inviter in enumerate(tree.inviters):
        yield _box_of(inviter, column)
        column += 1
        if nth == 0 and tree.hidden_inviters:
            more = _("… and %(count)s more") % {"count": show_number(tree.hidden_inviters)}
            yield Box(column, 0, more, kind="more")
            column += 1


def _place(picture: Picture, node: Node, column: int) -> Box:
    box = _box_of(node.person, column)
    below = [_place(picture, invited, column + 1) for invited in node.invited]
    if node.invited and node.hidden and node.person:
        more = _("… and %(count)s more") % {"count": show_number(node.hidden)}
        url = f"{reverse('admin:users_referral_changelist')}?inviter={node.person.pk}"
        below.append(_next_row(picture, Box(column + 1, 0, more, url=url, kind="more")))
    if below:
        box.row = (below[0].row + below[-1].row) / 2
        picture.boxes.append(box)
    else:
        _next_row(picture, box)
    picture.lines += [_line(box, one) for one in below]
    return box


def _next_row(picture: Picture, box: Box) -> Box:
    box.row = picture.rows
    picture.rows += 1
    picture.boxes.append(box)
    return box


def _box_of(user: User | None, column: int) -> Box:
    if user is None:
        return Box(column, 0, _("erased"), kind="erased")
    name = user.username if len(user.username) <= LONGEST_NAME else f"{user.username[: LONGEST_NAME - 1]}…"
    invited = _("invited %(count)s") % {"count": show_number(user.referrals_count)} if user.referrals_count else ""
    note = " · ".join(part for part in (name, invited) if part)
    return Box(column, 0, show_phone(user.phone_number), note, reverse("admin:users_user_change", args=[user.pk]))


def _line(left: Box, right: Box) -> str:
    """Return the SVG path of a curve from the right side of one box to the left side of another."""
    start, end = left.x + BOX_WIDTH, right.x
    bend = (start + end) // 2
    return f"M{start} {left.middle}C{bend} {left.middle} {bend} {right.middle} {end} {right.middle}"
