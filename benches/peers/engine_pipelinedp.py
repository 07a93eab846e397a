"""PipelineDP on its local backend: rows are Python tuples, already in memory when the clock starts.

Its other backends (Beam, Spark) are for clusters. What a question joins or groups before the members are bounded is done in
Polars before it, as it would be in a pipeline. Up to eight groups per member Laplace noise, beyond that Gaussian, as it offers
both; where members are counted it thresholds the released count itself, otherwise half of epsilon goes to choosing groups.
"""

import pipeline_dp

import frames
import peer
from questions import DELTA, EPSILON

MEMBERS = pipeline_dp.Metrics.PRIVACY_ID_COUNT


def prepare(question, arguments):
    frame = frames.rows(arguments.work, question.name).collect()
    rows = list(zip(*(frame[column].to_list() for column in frame.columns)))
    gaussian = question.groups_max > 8
    params = parameters(question, gaussian)
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=lambda row: row[0], partition_extractor=lambda row: row[1],
        value_extractor=lambda row: row[-1] if len(row) > 2 else 0)

    def ask():
        accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=EPSILON, total_delta=DELTA)
        engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
        answer = engine.aggregate(rows, params, extractors)
        accountant.compute_budgets()
        return {key: value[0] for key, value in answer}

    notes = ["Gaussian" if gaussian else "Laplace", "tuples in memory"]
    if question.name == "q13_histogram":
        notes.append("prepared: orders per customer, in Polars")
    return ", ".join(notes), ask


def parameters(question, gaussian):
    strategies = pipeline_dp.PartitionSelectionStrategy
    noise = pipeline_dp.NoiseKind.GAUSSIAN if gaussian else pipeline_dp.NoiseKind.LAPLACE
    rows_max, more = 1, {}
    if question.name.endswith("_sum"):
        metric = pipeline_dp.Metrics.SUM
        more = {"min_sum_per_partition": 0, "max_sum_per_partition": question.bound}
    elif question.bound == 1:
        metric = MEMBERS
        strategy = strategies.GAUSSIAN_THRESHOLDING if gaussian else strategies.LAPLACE_THRESHOLDING
        more = {"post_aggregation_thresholding": True, "partition_selection_strategy": strategy}
    else:
        metric, rows_max = pipeline_dp.Metrics.COUNT, question.bound
        if gaussian:
            more = {"partition_selection_strategy": strategies.GAUSSIAN_THRESHOLDING}
    return pipeline_dp.AggregateParams(
        metrics=[metric], noise_kind=noise, max_partitions_contributed=question.groups_max,
        max_contributions_per_partition=rows_max, **more)


if __name__ == "__main__":
    peer.main("pipeline-dp", prepare)
