"""Map/reduce under the import path of aioriak 0.2; the code is in :mod:`aioriak.queries`."""

from aioriak.operations.mapreduce import PhaseResult
from aioriak.queries.keyfilter import RiakKeyFilter, key_filter
from aioriak.queries.mapreduce import RiakMapReduce

__all__ = ["PhaseResult", "RiakKeyFilter", "RiakMapReduce", "key_filter"]
