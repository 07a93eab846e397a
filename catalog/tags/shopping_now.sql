-- Who bought something in the last ten minutes: `hot` twice or more often, `warm` once within two minutes, `cool` once before.
SELECT
  member_no,
  CASE
    WHEN COUNT(*) >= 2 THEN 'hot'
    WHEN MAX(ordered_at) > :as_of - INTERVAL '2 minutes' THEN 'warm'
    ELSE 'cool'
  END AS value
FROM pos_orders
WHERE ordered_at > :as_of - INTERVAL '10 minutes'
  AND ordered_at <= :as_of
GROUP BY member_no
