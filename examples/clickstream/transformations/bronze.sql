-- Everything as received: the schema is inferred, new fields become columns, values that do not fit
-- are kept in _rescued_data.
CREATE OR REFRESH STREAMING TABLE bronze_events
  COMMENT 'as received'
  PARTITIONED BY (event_date)
  TBLPROPERTIES ('delta.appendOnly' = 'true')
AS SELECT *,
          CAST(event_time AS DATE) AS event_date,
          _metadata.file_path AS source_file
   FROM STREAM read_files('landing/clicks',
                          format => 'json',
                          schemaHints => 'event_time TIMESTAMP, price DECIMAL(10,2)',
                          schemaEvolutionMode => 'addNewColumns',
                          maxFilesPerTrigger => 200);
