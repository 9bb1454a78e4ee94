"""A restored rule takes the steps that the saved one would have taken, bit for bit."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workings.optimize import (
    Adam,
    AdamW,
    Adaptive,
    ClipByNorm,
    CosineAnnealing,
    GradientDescent,
    InverseScaling,
    RMSProp,
)

RULES = {
    "adam": lambda: Adam(0.01, schedule=CosineAnnealing(40, warm_up=2)),
    "fast adam": lambda: Adam(0.01, fast=True),
    "adamw": lambda: AdamW(0.01, weight_decay=0.1, schedule=Adaptive()),
    "rmsprop": lambda: RMSProp(0.01, schedule=InverseScaling(0.1)),
    "nesterov": lambda: GradientDescent(0.01, schedule=Adaptive()),
    "polyak": lambda: GradientDescent(0.01, nesterov=False),
    "clipped": lambda: ClipByNorm(AdamW(0.01, schedule=Adaptive()), 2.0),
    "clipped twice": lambda: ClipByNorm(ClipByNorm(RMSProp(0.01), 2.0), 1.0),
}


def advance(rule, theta, gradients, first):
    for number, gradient in enumerate(gradients, first):
        rule.step(theta, [part.copy() for part in gradient])
        if number % 3 == 0:
            rule.after_epoch(number // 3, number)
        if number % 7 == 0:
            rule.on_plateau()


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25)
@given(
    total=st.integers(0, 30),
    share=st.floats(0, 1),
    kind=st.sampled_from(["f8", "f4"]),
    wide=st.booleans(),
    when=st.sampled_from(["before", "after", "before and after"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_same_bits_from_any_step_on(name, total, share, kind, wide, when, seed):
    rng = np.random.RandomState(seed)
    start = [rng.randn(3).astype(kind), rng.randn(2).astype(kind)]
    kinds = kind, "f8" if wide else kind
    gradients = [[rng.randn(part.size).astype(k) for part, k in zip(start, kinds, strict=True)] for _ in range(total)]
    room = [np.empty(part.shape, k) for part, k in zip(start, kinds, strict=True)]
    straight, stopped = [part.copy() for part in start], [part.copy() for part in start]
    whole, first, second = RULES[name](), RULES[name](), RULES[name]()
    whole.allocate(straight, room, 3)
    advance(whole, straight, gradients, 1)
    stop = round(share * total)
    first.allocate(stopped, room, 3)
    advance(first, stopped, gradients[:stop], 1)
    file = io.BytesIO()
    np.savez(file, **first.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as state:
        if when != "after":
            second.restore(state)
        second.allocate(stopped, room, 3)
        if when != "before":
            second.restore(state)
    advance(second, stopped, gradients[stop:], stop + 1)
    for one, two in zip(straight, stopped, strict=True):
        assert one.tobytes() == two.tobytes()
    ours, theirs = second.state(), whole.state()
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        assert type(value) is type(theirs[key])
        np.testing.assert_array_equal(value, theirs[key])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_returns_to_where_it_was(name):
    rng = np.random.RandomState(0)
    gradients = [[rng.randn(4)] for _ in range(8)]
    rule, theta = RULES[name](), [rng.randn(4)]
    rule.allocate(theta, theta)
    advance(rule, theta, gradients[:4], 1)
    state, there = rule.state(), theta[0].copy()
    advance(rule, theta, gradients[4:], 5)
    end = theta[0].copy()
    theta[0][:] = there
    rule.restore(state)
    advance(rule, theta, gradients[4:], 5)
    assert np.array_equal(theta[0], end)


@pytest.mark.parametrize("name", RULES)
def test_a_state_is_a_copy(name):
    rule, theta = RULES[name](), [np.ones(3)]
    rule.allocate(theta, theta)
    rule.step(theta, [np.ones(3)])
    state = rule.state()
    kept = {key: np.array(value) for key, value in state.items()}
    rule.step(theta, [np.ones(3)])
    other = RULES[name]()
    other.restore(state)
    other.allocate(theta, theta)
    other.step(theta, [np.ones(3)])
    for key, value in state.items():
        np.testing.assert_array_equal(value, kept[key])


def test_the_names_are_documented_ones():
    rule, theta = ClipByNorm(Adam(), 1.0), [np.ones(3), np.ones(2)]
    rule.allocate(theta, theta)
    assert sorted(rule.state()) == [
        "count",
        "norm",
        "rule_fast",
        "rule_first_moments_0",
        "rule_first_moments_1",
        "rule_learning_rate",
        "rule_scheduled_rate",
        "rule_second_moments_0",
        "rule_second_moments_1",
        "rule_t",
    ]


@pytest.mark.parametrize("source", RULES)
@pytest.mark.parametrize("target", RULES)
def test_only_a_rule_of_the_same_kind_is_continued(source, target):
    theta = [np.ones(3)]
    rules = RULES[source](), RULES[target]()
    for rule in rules:
        rule.allocate(theta, theta)
        rule.step(theta, [np.ones(3)])
    saved, before = (rule.state() for rule in rules)
    if saved.keys() == before.keys() and ("fast adam" in (source, target)) == (source == target == "fast adam"):
        rules[1].restore(saved)
        return
    with pytest.raises(ValueError, match="state"):
        rules[1].restore(saved)
    after = rules[1].state()
    assert before.keys() == after.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(value, after[key])


@pytest.mark.parametrize("name", ["adam", "fast adam", "rmsprop", "nesterov", "polyak"])
def test_a_pickle_holds_the_moments_and_no_scratch(name):
    rng = np.random.RandomState(0)
    theta, gradients = [rng.randn(5000)], rng.randn(2, 5000)
    rule = RULES[name]()
    rule.allocate(theta, [gradients[0]])
    rule.step(theta, [gradients[0]])
    pickled = pickle.dumps(rule)
    moments = sum(value.nbytes for value in rule.state().values() if isinstance(value, np.ndarray))
    assert len(pickled) < moments + 2000  # names, numbers and the headers of some arrays
    again = [theta[0].copy()]
    rule.step(theta, [gradients[1]])
    pickle.loads(pickled).step(again, [gradients[1]])
    np.testing.assert_array_equal(theta[0], again[0])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_forgets_steps_like_a_new_one(name):
    rng = np.random.RandomState(0)
    start, gradients = rng.randn(4), rng.randn(6, 4)
    old, new = RULES[name](), RULES[name]()
    old.allocate([start.copy()], [gradients[0].copy()])
    old.step([start.copy()], [np.full(4, np.nan)])
    old.forget()
    ends = []
    for rule in (old, new):
        theta = [start.copy()]
        rule.allocate(theta, [gradients[0].copy()])
        for gradient in gradients:
            rule.step(theta, [gradient.copy()])
        ends.append(theta[0])
    np.testing.assert_array_equal(*ends)
