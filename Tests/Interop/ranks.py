"""Ranks of torch.distributed on this machine: forked, so that frameworks are imported once."""
import os
import socket
import sys
import traceback

import torch


def ranks(world, work):
    """Runs the same on forked ranks, in the environment that a launcher makes; all of them have to come to its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(probe.getsockname()[1]))
    children = []
    for rank in range(world):
        child = os.fork()
        if child == 0:
            own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
            os.environ.update({key: str(value) for key, value in own.items()})
            status = 1
            try:
                work()
                torch.distributed.barrier()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        children.append(child)
    if any([os.waitpid(child, 0)[1] for child in children]):
        sys.exit("a rank failed")
