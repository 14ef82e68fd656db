# SPDX-License-Identifier: Apache-2.0
"""Order bodies that were made to hurt a parser; each must be refused in a sentence, cheaply."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
TOSCA = "http://docs.oasis-open.org/tosca/ns/2011/12"
LIMIT = 65536


def tosca(inside, attributes="", head=HEAD):
    return f'{head}<Definitions xmlns="{TOSCA}" id="x" targetNamespace="urn:x"{attributes}>{inside}</Definitions>'.encode()


def doctype(declarations, inside="&a;"):
    return tosca(inside, head=HEAD + f"<!DOCTYPE Definitions [{declarations}]>")


def laughs(levels=10):
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels))
    return doctype(entities, f"&a{levels - 1};")


def filled(unit, size=LIMIT - 400):
    return unit * (size // len(unit))


def numbered(unit, size=LIMIT - 400):
    text, number = "", 0
    while len(text) + len(unit) + 6 < size:
        text += unit.replace("#", str(number))
        number += 1
    return text


BODIES = {
    "entity of a file": doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'),
    "entity of a network": doctype('<!ENTITY a SYSTEM "http://127.0.0.1:9/">'),
    "parameter entity": doctype('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;', ""),
    "external DTD": tosca("", head=HEAD + '<!DOCTYPE Definitions SYSTEM "file:///etc/passwd">'),
    "billion laughs": laughs(),
    "quadratic blow-up": doctype(f'<!ENTITY a "{"x" * 30000}">', "&a;" * 9000),
    "1,000 deep": tosca("<a>" * 1000 + "</a>" * 1000),
    "20,000 deep, unclosed": tosca("<a>" * 20000),
    "2,000 attributes": tosca("<a" + "".join(f' a{n}=""' for n in range(2000)) + "/>"),
    "attributes to the limit": tosca("<a" + numbered(' a#=""') + "/>"),
    "8,000 attributes": tosca("<a" + "".join(f' a{n}=""' for n in range(8000)) + "/>"),
    "namespaces to the limit": tosca("<a" + numbered(' xmlns:n#="u#"') + "/>"),
    "32,000 namespaces": tosca("<a" + "".join(f' xmlns:n{n}="u"' for n in range(32000)) + "/>"),
    "one long text": tosca("x" * (LIMIT - 300)),
    "11 MiB of text": tosca("x" * (11 << 20)),
    "elements to the limit": tosca(filled("<a/>")),
    "comments to the limit": tosca(filled("<!---->")),
    "instructions to the limit": tosca(filled("<?a?>")),
    "character references": tosca(filled("&#65;")),
    "one long name": tosca("<" + "a" * 60000 + "/>"),
    "one long value": tosca(f'<a b="{"x" * 60000}"/>'),
    "one long value of f:": tosca(f'<a xmlns="urn:ferry:tosca:upgrade:1" b="{"x" * 60000}"/>'),
    "XInclude": tosca('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    "stylesheet": tosca("", head=HEAD + '<?xml-stylesheet href="file:///etc/passwd"?>'),
    "schema location": tosca("", ' xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="a file:///etc/passwd"'),
    "Import": tosca('<Import namespace="urn:a" location="file:///etc/passwd" importType="urn:b"/>'),
    "UTF-16": tosca("").decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a+AD4-',
    "broken UTF-8": tosca("").replace(b"></Def", b">\xff\xfe\xc0\x80</Def"),
    "NUL": tosca("a\0b"),
    "reference to NUL": tosca("&#0;"),
    "XML 1.1": tosca("", head='<?xml version="1.1"?>'),
    "the same attribute twice": tosca('<a b="1" b="2"/>'),
    "unbound prefix": tosca("<n:a/>"),
    "cut off": tosca("<a>")[:-20],
    "two roots": tosca("") + tosca("", head=""),
    "blanks": b" " * 60000,
    "not XML": b"\x7fELF" + bytes(range(256)) * 100,
    "JSON": b'{"upgrade": "please"}',
}
