"""A Faust transport that hands over whole Kafka record batches as columns (`streams/records.py: RecordBatch`).

    app = faust.App("group", broker="equipoise://localhost:9092")

| file | what it does |
|---|---|
| `codecs.py` | decompress into bounded memory |
| `aborted.py` | which batches a reader of committed data leaves out |
| `reader.py` | the bytes of one fetch to RecordBatches, position kept, damage refused |
| `seam.py` | aiokafka's fetcher with that reader in it, for our consumer only |
| `driver.py` | the Faust transport of the scheme `equipoise` |
"""
