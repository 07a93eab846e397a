-- How often each member bought in the 30 days before a day. Days begin at midnight in China, eight hours ahead of UTC.
-- Everybody who is a member has a value: those who bought nothing are `none`.
SELECT
  members.member_no,
  CASE
    WHEN COUNT(DISTINCT orders.order_id) >= 4 THEN 'high'
    WHEN COUNT(DISTINCT orders.order_id) >= 2 THEN 'mid'
    WHEN COUNT(DISTINCT orders.order_id) >= 1 THEN 'low'
    ELSE 'none'
  END AS value
FROM crm_members AS members
LEFT JOIN pos_orders AS orders
  ON orders.member_no = members.member_no
  AND orders.ordered_at >= CAST(:as_of AS TIMESTAMP) - INTERVAL '30 days 8 hours'
  AND orders.ordered_at < CAST(:as_of AS TIMESTAMP) - INTERVAL '8 hours'
GROUP BY members.member_no
