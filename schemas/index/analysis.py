"""Analysis of words into terms, for listings and searches: literal terms, with the market's synonyms.

Listings are indexed as written. Synonyms are added to the visitor's words at search time, so a new synonym
does not require reindexing.
"""

from typing import Any

SYNONYMS: tuple[tuple[str, ...], ...] = (
    # Kinds of property and offer.
    ("flat", "apartment", "फ्लैट", "फ्लेट", "अपार्टमेंट", "अपार्टमेंट्स"),
    (
        "house",
        "villa",
        "kothi",
        "bungalow",
        "bunglow",
        "makan",
        "makaan",
        "कोठी",
        "मकान",
        "विला",
        "बंगला",
        "हाउस",
    ),
    ("plot", "land", "zameen", "zamin", "jameen", "bhukhand", "प्लॉट", "प्लाट", "ज़मीन", "भूखंड"),
    ("penthouse", "पेंटहाउस"),
    ("studio", "स्टूडियो"),
    ("builder", "बिल्डर"),
    ("bhk", "bedroom", "बीएचके", "बेडरूम"),
    ("rent", "rental", "lease", "kiraya", "kiraye", "किराया", "किराये", "किराए"),
    ("sale", "buy", "purchase", "bikau", "बिकाऊ", "बिक्री", "खरीदना"),
    # Location.
    ("sector", "sec", "sect", "sctr", "सेक्टर", "सैक्टर"),
    ("metro", "मेट्रो"),
    ("park", "पार्क", "उद्यान"),
    ("school", "vidyalaya", "स्कूल", "विद्यालय"),
    ("hospital", "aspatal", "अस्पताल"),
    ("market", "bazaar", "bazar", "बाज़ार", "मार्केट"),
    ("mall", "मॉल"),
    ("road", "street", "sadak", "सड़क", "रोड"),
    ("corner", "kona", "कोना", "कॉर्नर"),
    # Orientation: directions as listings state them and as vastu names them.
    ("north", "uttar", "उत्तर"),
    ("east", "purab", "purva", "poorab", "पूरब", "पूर्व"),
    ("south", "dakshin", "दक्षिण"),
    ("west", "paschim", "pashchim", "पश्चिम"),
    # Features.
    ("lift", "elevator", "लिफ्ट"),
    ("floor", "manzil", "मंजिल", "फ्लोर"),
    ("parking", "garage", "पार्किंग"),
    ("garden", "lawn", "bagicha", "बगीचा", "गार्डन"),
    ("terrace", "rooftop", "chhat", "छत"),
    ("balcony", "बालकनी"),
    ("kitchen", "rasoi", "रसोई", "किचन"),
    ("pooja", "puja", "mandir", "temple", "पूजा", "मंदिर"),
    ("pool", "swimming", "स्विमिंग", "पूल"),
    ("gym", "gymnasium", "जिम"),
    ("security", "guard", "सुरक्षा"),
    ("water", "pani", "पानी"),
    ("power", "electricity", "bijli", "बिजली"),
    ("furnished", "फर्निश्ड"),
    ("ready", "तैयार"),
    ("new", "naya", "नया", "नई"),
    # Words in society names.
    ("city", "siti", "सिटी"),
    ("tower", "टावर", "टॉवर"),
    ("court", "कोर्ट"),
    ("height", "हाइट्स", "हाइट"),
    ("green", "ग्रीन", "ग्रीन्स"),
    ("residency", "रेजीडेंसी", "रेजिडेंसी"),
    ("enclave", "एन्क्लेव"),
)
"""Single words only, because a search is matched word by word (domain/texts/search_words.py)."""

LONGEST_BEGINNING = 12
"""Letters; no two societies share a longer prefix."""

PLAIN = ["decimal_digit", "lowercase", "asciifolding", "hindi_normalization"]
"""`६२` becomes 62, `Café` becomes cafe, and a Hindi word has one spelling, with or without nukta."""
APART = ["decimal_digit", "lowercase", "lettered", "numbers", "asciifolding", "hindi_normalization"]
"""Like `PLAIN`, but splits `sector62` and `3bhk` into two words."""

ANALYSIS: dict[str, Any] = {
    "char_filter": {
        "numbers": {
            "type": "pattern_replace",
            "pattern": r"(?<=\p{L})(?=\d)|(?<=\d)(?=\p{L}{2})",
            "replacement": " ",
        },
    },
    "filter": {
        # Keeps the letter of `93A` with its number.
        "lettered": {"type": "keyword_marker", "keywords_pattern": r"\d+\p{L}"},
        # Splits like the character filter at a third of its cost, but synonyms cannot be parsed through it.
        "numbers": {"type": "word_delimiter_graph", "split_on_case_change": False, "ignore_keywords": True},
        "possessive": {"type": "stemmer", "language": "possessive_english"},
        # Removes plurals only. Porter's stemmer turns `parking` into `park` and `residency` into `residence`,
        # which mean different things in this market.
        "plural": {"type": "stemmer", "language": "minimal_english"},
        # Placed after the stemmer, which the synonym list also passes through: `flats` finds what `flat`
        # finds.
        "synonyms": {"type": "synonym_graph", "synonyms": [", ".join(group) for group in SYNONYMS]},
        "joined": {"type": "shingle", "token_separator": ""},
        "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": LONGEST_BEGINNING},
        "begun": {"type": "truncate", "length": LONGEST_BEGINNING},
    },
    "analyzer": {
        "listing": {"type": "custom", "tokenizer": "standard", "filter": [*APART, "plural"]},
        "visitor": {
            "type": "custom",
            "tokenizer": "standard",
            "char_filter": ["numbers"],
            "filter": [*PLAIN, "possessive", "plural", "synonyms"],
        },
        # Fuzzy matching compares all letters of a word and of a name, so there is no stemming and no
        # synonyms.
        "name": {"type": "custom", "tokenizer": "standard", "filter": APART},
        # Every prefix of every word, and of two words joined: `amra`, `gaurcity`.
        "name_parts": {
            "type": "custom",
            "tokenizer": "standard",
            "filter": [*APART, "joined", "beginnings", "unique"],
        },
        "name_part": {"type": "custom", "tokenizer": "standard", "filter": [*PLAIN, "possessive", "begun"]},
    },
}
