"""OpenDP's Polars interface: reads Parquet, bounds per member, noises, thresholds.

- Groups per member: `truncate_num_groups` with its default `keep="sample"` fails in 0.16.0 on the Polars that it pins
  ("multiple fields with name"), so the first groups in the order of the keys are kept. It keeps one group fewer than it is told
  and pays for what it is told: it is told one more here.
- Sums are of whole numbers of 1/10,000: those of floats ask for a public number of groups.
- Up to eight groups per member pure epsilon with Laplace noise, beyond that zCDP with Gaussian noise, as the peer offers both.
"""

import warnings

import opendp.prelude as dp
import polars as pl

import frames
import peer
from questions import DELTA, EPSILON

UNITS = 10_000
# More rows than any group can have: a public figure that sums ask for, without effect on the noise of whole numbers.
ROWS_MAX = 100_000_000


def prepare(question, arguments):
    warnings.simplefilter("ignore")
    dp.enable_features("contrib")
    frame = frames.rows(arguments.work, question.name)
    summed = question.name.endswith("_sum")
    if summed:
        frame = frame.with_columns((pl.col("value") * UNITS).round().cast(pl.Int64))
    gaussian = question.groups_max > 8
    loss = dp.loss_of(rho=rho(EPSILON, DELTA / 2), delta=DELTA / 2) if gaussian else dp.loss_of(epsilon=EPSILON, delta=DELTA)
    groups = question.groups_max + 1

    def ask():
        context = dp.Context.compositor(
            data=frame, privacy_unit=dp.unit_of(contributions=1, identifier=pl.col("customer")), privacy_loss=loss,
            split_evenly_over=1, margins=[dp.polars.Margin(by=["key"], max_length=ROWS_MAX)])
        query = context.query()
        if summed:
            value = pl.col("value").dp.sum((0, int(question.bound * UNITS))).alias("released")
            query = (query.truncate_num_groups(groups, by=["key"], keep="first").group_by("customer", "key")
                     .agg(pl.col("value").sum()).group_by("key").agg(dp.len(signed=True), value))
        elif question.name == "q13_histogram":
            query = (query.truncate_per_group(1).group_by("key").agg(dp.len(signed=True).alias("released")))
        else:
            query = (query.truncate_per_group(question.bound, by=["key"])
                     .truncate_num_groups(groups, by=["key"], keep="first")
                     .group_by("key").agg(dp.len(signed=True).alias("released")))
        answer = query.release().collect()
        return {key: value / (UNITS if summed else 1) for key, value in answer.select("key", "released").iter_rows()}

    notes = ["Gaussian" if gaussian else "Laplace"]
    if question.name == "q13_histogram":
        notes.append("prepared: orders per customer, in Polars")
    else:
        notes.append(f"first {question.groups_max} groups kept, {groups} paid for")
    return ", ".join(notes), ask


def rho(epsilon: float, delta: float) -> float:
    """Returns the most rho that is worth no more than this epsilon at this delta."""
    space = dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float)

    def epsilon_of(rho):
        return dp.c.make_zCDP_to_approxDP(dp.m.make_gaussian(*space, scale=(2 * rho) ** -0.5)).map(1.0).epsilon(delta)

    return dp.binary_search(lambda rho: epsilon_of(rho) <= epsilon, (1e-6, 1.0))


if __name__ == "__main__":
    peer.main("opendp", prepare)
