"""The demo event's companies, newsrooms and crew firms, invented but for its organisers; it owns no table."""

from collections.abc import Mapping
from dataclasses import dataclass

from checkin.organisers.demo_names import words


@dataclass(frozen=True)
class Company:
    """An exhibiting company, its country, and the name of its site."""

    name: str
    country: str
    site: str


NEWSROOMS = words(
    """Harian Kotaraya, The Straits Lantern, Suara Bandar TV, Asia Urban Courier, Radio Lembah Kelang Baharu,
    南洋城市周刊, Smart Street Weekly, Kota Pintar Online, Ciudad Abierta, கோட்டை முரசு, The Delta Dispatch,
    都市かわら版, Stadtbote, مجلة مدن الغد, Podcast Lorong Digital, Metropolis Wire"""
)
CREW_FIRMS = words(
    """Malaysia Digital Economy Corporation (MDEC), Digital Nasional Berhad (DNB), Kementerian Digital,
    Panggung Rentak Events Sdn Bhd, Kawal Teguh Security Sdn Bhd, Seri Bayu Catering Sdn Bhd, Gegar Audio
    Visual"""
)

# The beginnings of company names: 13 for the region and 12 for the rest, each with 12 endings, make 300.
REGIONAL = words(
    "Awan, Cahaya, Embun, Gerak, Hijau, Jalin, Kiara, Lestari, Mentari, Nadi, Pintas, Rimba, Ufuk"
)
WORLDWIDE = words("Alba, Civi, Dela, Halcy, Kubi, Lumo, Noma, Orba, Pelu, Quanta, Urbi, Veru")
ENDINGS = words("grid, flow, mesh, loom, path, cast, forge, spire, trace, wave, lith, dyne")
FIELDS = words(
    """Mobility, Street Lighting, Water Analytics, Digital Twins, Robotics, Parking Systems, Waste Solutions,
    Sensor Networks, Urban Data, Building Controls, Drones, Fare Systems, Energy Storage, Public Safety,
    Connectivity, GovTech, Air Quality"""
)
# How many of the 300 companies are of which country, and its legal form.
REGIONAL_FORMS = {"MY": (130, "Sdn Bhd"), "SG": (16, "Pte Ltd"), "ID": (10, "PT {}")}
WORLDWIDE_FORMS = {
    "CN": (30, "Co., Ltd"),
    "KR": (16, "Co., Ltd."),
    "JP": (14, "K.K."),
    "IN": (14, "Pvt Ltd"),
    "TW": (8, "Inc."),
    "HK": (6, "Ltd"),
    "DE": (9, "GmbH"),
    "ES": (8, "S.L."),
    "GB": (8, "Ltd"),
    "FR": (6, "SAS"),
    "AE": (6, "FZ-LLC"),
    "US": (10, "Inc."),
    "NL": (5, "B.V."),
    "TH": (4, "Co., Ltd."),
}
# Every second company of these countries is known by a name in its own script.
OWN_SCRIPT = {
    "CN": (
        "{}智慧城市科技有限公司",
        words("翠屿, 栖桐, 澄岳, 霁川, 岫云, 砚池, 鹭汀, 蒲苇, 沐岭, 棠溪, 衡芷, 槐序, 苔岑, 凇原, 榆火"),
    ),
    "KR": (
        "주식회사 {}",
        words("도시바람, 새길누리, 한솔마루넷, 별내그리드, 가온누리망, 푸른격자, 이음터, 물결샘"),
    ),
    "JP": (
        "株式会社{}",
        words("つばめ都市計画, 街灯り技研, 青凪システムズ, かわせみ電網, 夕凪データ, 白樺測器, 辻音工房"),
    ),
    "TW": ("{}智慧股份有限公司", words("澄嶼, 霽光, 榕蔭, 鷺洲")),
    "AE": ("شركة {}", words("أفق المدن الرقمية, نبض الطريق, سحابة الواحة")),
    "TH": ("บริษัท {} จำกัด", words("เมืองใหม่ดิจิทัล, สายน้ำอัจฉริยะ")),
}


def companies() -> tuple[Company, ...]:
    """The 300 exhibiting companies, those of the region first."""
    regional = _named(REGIONAL, REGIONAL_FORMS)
    return tuple(regional + _named(WORLDWIDE, WORLDWIDE_FORMS))


def _named(beginnings: tuple[str, ...], forms: Mapping[str, tuple[int, str]]) -> list[Company]:
    stems = (beginning + ending for ending in ENDINGS for beginning in beginnings)
    made: list[Company] = []
    for country, (count, form) in forms.items():
        for number in range(count):
            stem = next(stems)
            name = _with_form(f"{stem} {FIELDS[len(made) % len(FIELDS)]}", form)
            made.append(Company(_in_own_script(country, number) or name, country, stem.lower()))
    return made


def _with_form(name: str, form: str) -> str:
    return form.format(name) if "{}" in form else f"{name} {form}"


def _in_own_script(country: str, number: int) -> str | None:
    if country not in OWN_SCRIPT or number % 2:
        return None
    pattern, stems = OWN_SCRIPT[country]
    return pattern.format(stems[number // 2])
