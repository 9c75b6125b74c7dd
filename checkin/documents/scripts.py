"""In which language a name or any other line is set, and so with which shapes, and in which direction."""

import unicodedata

import regex

# Pango and the stylesheets choose shapes and line heights by language. Nobody says in which language a name
# is: one that is written in the script will do.
_LANGUAGES = {
    "Arab": "ar",
    "Armn": "hy",
    "Beng": "bn",
    "Cyrl": "ru",
    "Deva": "hi",
    "Ethi": "am",
    "Geor": "ka",
    "Grek": "el",
    "Gujr": "gu",
    "Guru": "pa",
    "Hang": "ko",
    "Hani": "zh",
    "Hebr": "he",
    "Khmr": "km",
    "Knda": "kn",
    "Laoo": "lo",
    "Mlym": "ml",
    "Mymr": "my",
    "Orya": "or",
    "Sinh": "si",
    "Taml": "ta",
    "Telu": "te",
    "Thaa": "dv",
    "Thai": "th",
    "Tibt": "bo",
}
# The same letters take other shapes in these countries.
_LANGUAGES_BY_COUNTRY = {
    ("Arab", "AF"): "fa",
    ("Arab", "IR"): "fa",
    ("Arab", "PK"): "ur",
    ("Cyrl", "BG"): "bg",
    ("Cyrl", "MK"): "mk",
    ("Cyrl", "RS"): "sr",
    ("Deva", "NP"): "ne",
    ("Hani", "CN"): "zh-Hans",
    ("Hani", "HK"): "zh-Hant-HK",
    ("Hani", "JP"): "ja",
    ("Hani", "KR"): "ko",
    ("Hani", "MO"): "zh-Hant-HK",
    ("Hani", "MY"): "zh-Hans",
    ("Hani", "SG"): "zh-Hans",
    ("Hani", "TW"): "zh-Hant",
}

_LETTERS = {script: regex.compile(rf"\p{{Script={script}}}") for script in _LANGUAGES}
_OTHER_LETTER = regex.compile(r"(?!\p{Script=Latn})\p{Letter}")
_KANA = regex.compile(r"[\p{Script=Hira}\p{Script=Kana}]")

# Names, or the first letters, in each script in which names are written today: a machine must print them.
SAMPLES = {
    "Adlam": "𞤀𞤁𞤂",
    "Arabic": "محمد ڈار پژمان ئۇيغۇر",
    "Armenian": "Արմեն",
    "Balinese": "ᬅᬆᬇ",
    "Bamum": "ꚠꚡꚢ",
    "Bassa Vah": "𖫐𖫑𖫒",
    "Batak": "ᯀᯁᯂ",
    "Bengali": "রহিমা",
    "Bopomofo": "ㄅㄆㄇ",
    "Buginese": "ᨀᨁᨂ",
    "Buhid": "ᝀᝁᝂ",
    "Canadian Aboriginal": "ᐁᐂᐃ",
    "Chakma": "𑄃𑄄𑄅",
    "Cham": "ꨀꨁꨂ",
    "Cherokee": "ᎠᎡᎢ",
    "Coptic": "ϢϣϤ",
    "Cyrillic": "Їжак Ђорђе Қазақ",
    "Devanagari": "श्रीवास्तव",
    "Dogra": "𑠀𑠁𑠂",
    "Emoji": "🚀🌆👩🏽‍💻🇲🇾",
    "Ethiopic": "አበበ",
    "Georgian": "ნინო",
    "Greek": "Ελένη",
    "Gujarati": "ગુજરાતી",
    "Gunjala Gondi": "𑵠𑵡𑵢",
    "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ",
    "Han": "王陳龍龙髙",
    "Han, rare": "𠮷㛃𬎆𫘜鿍",
    "Hangul": "김민준",
    "Hanifi Rohingya": "𐴀𐴁𐴂",
    "Hanunoo": "ᜠᜡᜢ",
    "Hebrew": "דוד",
    "Hiragana and Katakana": "さくらサクラー",
    "Javanese": "ꦄꦅꦆ",
    "Kannada": "ಕನ್ನಡ",
    "Kayah Li": "ꤊꤋꤌ",
    "Khmer": "សុភា",
    "Lao": "ສຸກສະຫວັດ",
    "Latin": "Nguyễn Þórðarson Łukasz İpek ẞ",
    "Lepcha": "ᰀᰁᰂ",
    "Limbu": "ᤀᤁᤂ",
    "Lisu": "ꓐꓑꓒ",
    "Malayalam": "മലയാളം",
    "Mandaic": "ࡀࡁࡂ",
    "Masaram Gondi": "𑴀𑴁𑴂",
    "Meetei Mayek": "ꫠꫡꫢ",
    "Mende Kikakui": "𞠀𞠁𞠂",
    "Miao": "𖼀𖼁𖼂",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ",
    "Mro": "𖩀𖩁𖩂",
    "Myanmar": "အောင်ဆန်း",
    "New Tai Lue": "ᦀᦁᦂ",
    "Newa": "𑐀𑐁𑐂",
    "Nko": "ߊߋߌ",
    "Nyiakeng Puachue Hmong": "𞄀𞄁𞄂",
    "Odia": "ଓଡ଼ିଆ",
    "Ol Chiki": "ᱚᱛᱜ",
    "Osage": "𐒰𐒱𐒲",
    "Pahawh Hmong": "𖬀𖬁𖬂",
    "Pau Cin Hau": "𑫀𑫁𑫂",
    "Rejang": "ꤰꤱꤲ",
    "Samaritan": "ࠀࠁࠂ",
    "Saurashtra": "ꢂꢃꢄ",
    "Sinhala": "ශ්‍රී",
    "Sora Sompeng": "𑃐𑃑𑃒",
    "Sundanese": "ᮃᮄᮅ",
    "Syloti Nagri": "ꠀꠁꠃ",
    "Syriac": "ܐܒܓ",
    "Tagalog": "ᜀᜁᜂ",
    "Tagbanwa": "ᝠᝡᝢ",
    "Tai Le": "ᥐᥑᥒ",
    "Tai Tham": "ᨠᨡᨢ",
    "Tai Viet": "ꪀꪁꪂ",
    "Tamil": "ஸ்ரீமுருகன்",
    "Telugu": "శ్రీనివాస్",
    "Thaana": "މުޙައްމަދު",
    "Thai": "สมชาย",
    "Tibetan": "བཀྲ་ཤིས",
    "Tifinagh": "ⴰⴱⴲ",
    "Tirhuta": "𑒀𑒁𑒂",
    "Vai": "ꔀꔁꔂ",
    "Wancho": "𞋀𞋁𞋂",
    "Warang Citi": "𑢠𑢡𑢢",
    "Yezidi": "𐺀𐺁𐺂",
    "Yi": "ꀀꀁꀂ",
}


def language(text: str, *, country_code: str | None = None) -> str:
    """The BCP 47 tag of the language in which a line is set, such as `ta`, `zh-Hant-HK` or `und-Latn`.

    It goes by the script of most letters, Latin ones aside; for Han, Cyrillic, Arabic and Devanagari the
    delegate's country (ISO 3166-1 alpha-2) decides between the regional shapes. `und` is any other script.
    """
    if text.isascii():
        return "und-Latn"
    if _KANA.search(text):
        return "ja"
    letters = {script: len(pattern.findall(text)) for script, pattern in _LETTERS.items()}
    script = max(letters, key=letters.__getitem__)
    if not letters[script]:
        return _of_no_known_script(text)
    if (script, country_code) in _LANGUAGES_BY_COUNTRY:
        return _LANGUAGES_BY_COUNTRY[script, country_code or ""]
    if script == "Hani":
        return "zh-Hant" if _only_traditional(text) else "zh-Hans"
    return _LANGUAGES[script]


def direction(text: str) -> str:
    """`rtl` or `ltr`, by the first letter that has a direction (Unicode Annex 9, rules P2 and P3)."""
    if text.isascii():
        return "ltr"
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in {"R", "AL"}:
            return "rtl"
    return "ltr"


def _of_no_known_script(text: str) -> str:
    if _OTHER_LETTER.search(text):
        return "und"
    return "vi" if _has_double_marks(text) else "und-Latn"


def _only_traditional(text: str) -> bool:
    """Whether Taiwan's character set (Big5) has all Han of a text, and China's (GB 2312) has not."""
    han = "".join(_LETTERS["Hani"].findall(text))
    return _all_in("big5", han) and not _all_in("gb2312", han)


def _all_in(encoding: str, text: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text


def _has_double_marks(text: str) -> bool:
    """Whether a letter carries two marks, as in Vietnamese: such lines need more height."""
    return any(
        sum(unicodedata.combining(part) > 0 for part in unicodedata.normalize("NFD", character)) > 1
        for character in text
    )
