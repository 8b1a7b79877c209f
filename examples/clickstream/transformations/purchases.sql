-- What people bought, without the bots, from the same files and with a schema of its own.
CREATE OR REFRESH STREAMING TABLE purchases
  COMMENT 'purchases by people'
AS SELECT event_id,
          user_id,
          event_time,
          price * quantity AS amount,
          geo.country
   FROM STREAM read_files('landing/clicks',
                          format => 'json',
                          schema => 'event_id STRING, event_time TIMESTAMP, user_id STRING, event_type STRING,
                                     geo STRUCT<country: STRING, city: STRING>, price DECIMAL(10,2),
                                     quantity INT, is_bot BOOLEAN')
   WHERE event_type = 'purchase' AND NOT is_bot;
