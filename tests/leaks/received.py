"""What every server and the name server received: the log of exray-sim taken apart, block by block."""
import dataclasses, re

HEAD = re.compile(rb"\n--- (?:connection (\d+) (\S*) (https?) (\S*)|dns (udp|tcp) (\S*))\n")
DNS = "the name server"
TYPES = {1: "A", 5: "CNAME", 15: "MX", 28: "AAAA", 33: "SRV"}


@dataclasses.dataclass
class Block:
    place: str  # "mail.contoso.test https", or DNS
    data: bytes
    head: bytes = b""
    question: str = ""  # "contoso.test MX"


def question_of(message):
    """Name and type, read from the bytes; what cannot be read is told as it is."""
    labels, at = [], 12
    while at < len(message) and message[at]:
        labels.append(message[at + 1:at + 1 + message[at]])
        at += 1 + message[at]
    number = int.from_bytes(message[at + 1:at + 3], "big")
    return f"{b'.'.join(labels).decode('latin-1').lower()} {TYPES.get(number, number)}"


def place_of(addresses, name, port, address):
    """Who owns the address received the bytes, whatever name was asked for."""
    return f"{addresses.get(address, name + '@' + address)} {port}"


def parse(log, addresses):
    """addresses: {"127.0.0.2": "mail.contoso.test"}"""
    blocks, heads = [], list(HEAD.finditer(log))
    for head, after in zip(heads, [*heads[1:], None]):
        data = log[head.end():after.start() if after else len(log)]
        _, name, port, address, dns, _ = head.groups()
        if dns:
            blocks.append(Block(DNS, data, head.group(), question_of(data)))
        else:
            blocks.append(Block(place_of(addresses, name.decode(), port.decode(), address.decode()), data, head.group()))
    return blocks


def names_asked(blocks):
    return {block.question.split(" ")[0] for block in blocks if block.place == DNS}


def requests(blocks, place):
    """All bytes of a place, one connection after the other."""
    return b"\n".join(block.question.encode() if place == DNS else block.data for block in blocks if block.place == place)
