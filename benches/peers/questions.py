"""The questions, and the bounds that every peer is given.

A question is asked of one file. A member counts in at most `groups_max` groups, with at most `bound` in each: rows, or the sum
of the value. The bounds are those under which TPC-H at scale 1 was measured before any peer was (most members stay below).
"""

from dataclasses import dataclass

EPSILON = 1.0
DELTA = 1e-6


@dataclass(frozen=True)
class Question:
    name: str
    title: str
    groups_max: int
    bound: float


QUESTIONS = [
    Question("q1_count", "Q1 COUNT(*) by return flag, line status", 4, 60),
    Question("q1_sum", "Q1 SUM(extendedprice), same groups", 4, 2_200_000),
    Question("q4_count", "Q4 late orders by priority, 1993-Q3", 3, 2),
    Question("q5_sum", "Q5 revenue by nation, ASIA, 1994", 1, 150_000),
    Question("q13_histogram", "Q13 customers by number of orders", 1, 1),
    Question("orders_by_month", "orders by month", 26, 2),
    Question("customers_by_nation_month", "distinct customers by nation and month", 26, 1),
]

BY_NAME = {question.name: question for question in QUESTIONS}
