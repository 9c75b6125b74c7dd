"""Badges of nobody, to look at a layout with: the names that are hardest to fit; it owns no table."""

from dataclasses import replace
from functools import lru_cache
from io import BytesIO

from checkin.documents.badges import BadgeFace, print_badges
from checkin.documents.pictures import first_page

PICTURE_WIDTH = 640  # pixels
_KEPT = 32

_CATEGORIES = (("VIP", "#7c1d2e"), ("Delegate", "#1b4f72"), ("Speaker", "#b45309"), ("Exhibitor", "#117a65"))
_DAYS = ("Day 1 · Wednesday 17 September", "Day 2 · Thursday 18 September", "Day 3 · Friday 19 September")
# Honorific, name, organisation, country and its code; all invented.
_PEOPLE = (
    (
        "Tan Sri Dato' Seri Panglima Dr. Haji",
        "Mohd Shahrizal Iskandar bin Abdul Rahman al-Haj Ibrahim",
        "Kementerian Pembangunan Bandar Mampan dan Wilayah Persekutuan",
        "Malaysia",
        "MY",
    ),
    ("", "சுப்பிரமணியம் முருகையா", "நகர மேம்பாட்டு ஆராய்ச்சி நிறுவனம்", "India", "IN"),
    (
        "سعادة الدكتور",
        "عبد الرحمن بن خالد السويدي",
        "هيئة المدن الذكية والمواصلات",
        "United Arab Emirates",
        "AE",
    ),
    ("", "陳大文 Chan Tai Man", "香港智慧城市研究院", "Hong Kong", "HK"),
    ("", "欧阳若兰", "国家数字城市与可持续发展研究中心", "China", "CN"),
    ("", "髙橋 さくら", "株式会社スマートシティ総合研究所", "Japan", "JP"),
    ("", "สมหญิง ศรีสวัสดิ์วัฒนกุล", "สำนักงานส่งเสริมเมืองอัจฉริยะ", "Thailand", "TH"),
    ("ឯកឧត្ដម", "សុភាព ចន្ទរង្សី", "ក្រសួងប្រៃសណីយ៍និងទូរគមនាគមន៍", "Cambodia", "KH"),
    ("", "ဒေါ်ခင်မျိုးသန့်", "ရန်ကုန်မြို့တော်စည်ပင်သာယာရေးကော်မတီ", "Myanmar", "MM"),
    ("", "Suharti", "", "Indonesia", "ID"),
    (
        "Univ.-Prof. Dipl.-Ing. Dr. techn.",
        "Maximiliane Alexandrine Freifrau von und zu Oberwaldseebruckenstein-Niedertaunushofen auf Hohenfelds",
        "Bundesministerium für Klimaschutz, Umwelt, Energie, Mobilität, Innovation und Technologie, Abteilung für "
        "nachhaltige Stadtentwicklung und internationale Zusammenarbeit",
        "Austria",
        "AT",
    ),
    ("", "Nguyễn Thị Phượng Vỹ", "Smart 🌆 City 🚀 Đà Nẵng", "Viet Nam", "VN"),
)


def _face(number: int) -> BadgeFace:
    honorific, name, organisation, country, country_code = _PEOPLE[number]
    category, colour = _CATEGORIES[number % len(_CATEGORIES)]
    return BadgeFace(
        reference=f"KL-{90_001 + number}",
        honorific=honorific,
        name=name,
        organisation=organisation,
        country=country,
        country_code=country_code,
        category=category,
        colour=colour,
        # As long as a badge's, but its check character is wrong: no door takes it for one.
        code=f"00{number + 1:027d}",
        event="Smart City Expo Kuala Lumpur",
        venue_line="17–19 September · Kuala Lumpur Convention Centre",
        days=_DAYS,
    )


SAMPLES = tuple(_face(number) for number in range(len(_PEOPLE)))


def with_logo(logo: bytes) -> BadgeFace:
    """A badge of nobody that shows a logo (PNG)."""
    return replace(SAMPLES[0], logo=logo)


@lru_cache(maxsize=_KEPT)
def badge_preview(layout: str, *, bleed: bool) -> bytes:
    """The samples in a layout, as one PDF; kept as long as this process runs. Raises like `read_layout`."""
    out = BytesIO()
    print_badges(SAMPLES, out, layout=layout, bleed=bleed, on_page=lambda _: None)
    return out.getvalue()


@lru_cache(maxsize=_KEPT)
def preview_picture(layout: str) -> bytes:
    """The first page of the preview as PNG, 640 pixels wide; kept and raises likewise."""
    return first_page(badge_preview(layout, bleed=False), width=PICTURE_WIDTH)
