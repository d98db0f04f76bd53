"""Weighbridge: an LLM gateway that can prove why each model call was made.

The rooms, in the order a request visits them: `dialects` reads the bytes, `classify` finds task, risk and sensitivity,
`context` packs the conversation, `routing` judges every model, `budget` holds the money, `providers` calls, `validation`
judges the answer, `pipeline.ladder` says what comes next, `store` keeps the record. `pipeline/run.py` tells it in one page.
"""

__version__ = "0.1.0"
