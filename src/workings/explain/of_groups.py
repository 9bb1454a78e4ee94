"""The explanation of a k-means group."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.explain.evidence import Evidence, ask
from workings.explain.explanation import Explanation
from workings.explain.flip import Flip
from workings.explain.groups import nearest_rival
from workings.explain.inputs import Inputs
from workings.explain.models import Centres
from workings.explain.permutation import permutation_shapley
from workings.explain.wording import for_and_against


def explain_group(model: Any, groups: Centres, given: Inputs, random_state: int) -> Explanation:
    """Explain which group a row belongs to.

    Parameters
    ----------
    model : KMeans
    groups : Centres
        Its parameters.
    given : Inputs
    random_state : int

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        If all centres are the same.
    """
    own = int(ask(model, "predict", given.row))
    rival = nearest_rival(groups.centres, given.row, own)
    if rival is None:
        raise ValueError("All centres of this k-means are at one place: there is no other group to tell a row from.")
    a, b = groups.centres[own], groups.centres[rival.other]
    sampled = permutation_shapley(
        lambda rows: ((rows - b) ** 2).sum(axis=1) - ((rows - a) ** 2).sum(axis=1),
        given.row,
        rival.midpoint,
        random_state=random_state,
    )
    squares = ((groups.centres - given.row) ** 2).sum(axis=1)
    scale = float(squares[own] + squares[rival.other])
    changed = given.row + rival.change
    gap = abs(((changed - b) ** 2).sum() - ((changed - a) ** 2).sum())
    evidence = Evidence()
    evidence.add("model", "no centre is nearer than that of the model's group", squares[own] - squares.min(), scale)
    evidence.add(
        "contributions",
        "contributions = difference of the squared distances",
        abs(rival.split.sum() - (squares[rival.other] - squares[own])),
        scale,
    )
    evidence.add("flip", "both centres are equally near to the changed row", gap, scale)
    evidence.add(
        "shapley", "sampled Shapley values = contributions", np.abs(sampled.contributions - rival.split).max(), scale
    )
    flip = Flip(
        to=rival.other,
        name=f"a row of group {rival.other}",
        distance=rival.distance,
        change=given.series(rival.change),
        row=given.series(changed),
        certain=rival.distance,
        least=True,
    )
    split = given.series(rival.split)
    return Explanation(
        family="k-means",
        prediction=own,
        what=f"by how much the squared distance to the centre of group {rival.other} exceeds that to group {own}'s",
        value=float(rival.split.sum()),
        base=0.0,
        probability=None,
        base_probability=None,
        background=given.series(rival.midpoint),
        background_name=f"the point midway between the centres of groups {own} and {rival.other}",
        contributions=given.table(rival.midpoint, rival.split, sampled).assign(own_centre=a, other_centre=b),
        rows=None,
        flip=flip,
        local=None,
        identity=evidence.frame(),
        not_applicable={
            "rows": "a k-means group is that of the nearest centre, not of single rows.",
            "local": "the groups are divided by planes; the nearest one is the flip.",
        },
        sentence=f"The model puts the row into group {own}; the nearest boundary is that of group {rival.other}."
        f"{for_and_against(split, given.series(given.row - rival.midpoint), f'group {own}')} {flip.sentence}",
    )
