# Sockets of kinds that a namespace of the network does not keep in.

# %%
import socket

for family in (40, 38, 17, 16, 29):  # AF_VSOCK, AF_ALG, AF_PACKET, AF_NETLINK, AF_CAN
    try:
        socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_RAW).close()
    except OSError:
        continue
    if family in (40, 38, 17, 29):
        succeeded(f"a socket of family {family}")
tried()
