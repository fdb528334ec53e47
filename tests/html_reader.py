"""What a page holds, read as a browser does."""

import re
from html.parser import HTMLParser


class Reader(HTMLParser):
    """Tags, attributes, ids and text of a page; every tag must be closed."""

    VOID = ("meta", "link", "br", "img", "hr")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.ids = [], [], [], []
        self.text = self.styles = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            self.styles += data
        else:
            self.text += data

    def requests(self):
        """Return what a browser would load of the page: all that is not within the page itself."""
        loading = ("src", "srcset", "href", "xlink:href", "data", "poster", "action", "background")
        named = [value or "" for name, value in self.attributes if name in loading]
        # captions are read aloud: an address in them is a text like any other
        looks = [value or "" for name, value in self.attributes if name != "aria-label"]
        for text in (self.styles, *looks):
            named += re.findall(r"url\(\s*[\"']?([^\"')]*)", text)
            named += re.findall(r"@import\s+[\"']([^\"']*)", text)
        return [address for address in named if not address.startswith(("#", "data:"))]
