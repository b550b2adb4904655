"""The ``aioriak`` command: a client, a backup tool and a monitor for Riak on the command line (extra ``cli``)."""
