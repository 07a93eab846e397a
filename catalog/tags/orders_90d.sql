-- What each member ordered in the 90 days before a day. Days begin at midnight in China, eight hours ahead of UTC.
-- Read by member.spend_band_90d, member.orders_90d and member.last_order_day, each taking one column.
SELECT
  member_no,
  CASE
    WHEN SUM(amount) >= 2000 THEN 'high'
    WHEN SUM(amount) >= 500 THEN 'mid'
    ELSE 'low'
  END AS spend_band,
  COUNT(*) AS orders,
  CAST(MAX(ordered_at) + INTERVAL '8 hours' AS DATE) AS last_order_day
FROM pos_orders
WHERE ordered_at >= CAST(:as_of AS TIMESTAMP) - INTERVAL '90 days 8 hours'
  AND ordered_at < CAST(:as_of AS TIMESTAMP) - INTERVAL '8 hours'
GROUP BY member_no
