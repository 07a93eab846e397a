-- The category on which each member spent most in the 180 days before a day; the first by name where two are alike.
-- Days begin at midnight in China, eight hours ahead of UTC.
WITH spent AS (
  SELECT member_no, category, SUM(amount) AS amount
  FROM pos_order_lines
  WHERE ordered_at >= CAST(:as_of AS TIMESTAMP) - INTERVAL '180 days 8 hours'
    AND ordered_at < CAST(:as_of AS TIMESTAMP) - INTERVAL '8 hours'
  GROUP BY member_no, category
),
ranked AS (
  SELECT
    member_no,
    category,
    ROW_NUMBER() OVER (PARTITION BY member_no ORDER BY amount DESC, category) AS place
  FROM spent
)
SELECT member_no, category AS value
FROM ranked
WHERE place = 1
