"""Where the demo event's people come from: countries, their city councils and agencies; it owns no table.

Councils and agencies are those that exist, their people are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from checkin.organisers.demo_names import words
from checkin.organisers.demo_titles import (
    ARAB,
    FRENCH,
    GERMAN,
    IBERIAN,
    INDONESIAN,
    INTERNATIONAL,
    MALAYSIAN,
    Titles,
)


@dataclass(frozen=True)
class City:
    """A city, the names under which its council registers, and what its head is called, if it has one."""

    name: str
    offices: tuple[str, ...]
    head: str = "Mayor"


@dataclass(frozen=True)
class Country:
    """A country: its share of the crowd, its peoples, how a mobile number looks there, and its places."""

    code: str
    weight: int
    peoples: Mapping[str, int]
    phone: str
    cities: tuple[City, ...]
    agencies: tuple[str, ...] = ()
    titles: Titles = INTERNATIONAL


def _cities(text: str, head: str = "Mayor") -> tuple[City, ...]:
    """Cities written as `Name: office / office; Name: office`."""
    pairs = (entry.partition(":") for entry in text.split(";") if entry.strip())
    return tuple(
        City(name.strip(), tuple(" ".join(office.split()) for office in offices.split("/")), head)
        for name, _, offices in pairs
    )


COUNTRIES = (
    Country(
        "MY",
        470,
        {
            "malay": 56,
            "malaysian chinese": 17,
            "malaysian chinese, Han": 6,
            "malaysian tamil": 10,
            "malaysian punjabi": 2,
            "iban": 3,
            "arabic, Latin": 1,
        },
        "+60111#######",
        _cities(
            """Kuala Lumpur: Dewan Bandaraya Kuala Lumpur; George Town: Majlis Bandaraya Pulau Pinang;
            Seberang Perai: Majlis Bandaraya Seberang Perai; Ipoh: Majlis Bandaraya Ipoh;
            Shah Alam: Majlis Bandaraya Shah Alam; Petaling Jaya: Majlis Bandaraya Petaling Jaya;
            Subang Jaya: Majlis Bandaraya Subang Jaya; Johor Bahru: Majlis Bandaraya Johor Bahru;
            Iskandar Puteri: Majlis Bandaraya Iskandar Puteri; Melaka: Majlis Bandaraya Melaka Bersejarah;
            Alor Setar: Majlis Bandaraya Alor Setar; Seremban: Majlis Bandaraya Seremban;
            Kuala Terengganu: Majlis Bandaraya Kuala Terengganu; Kuching: Dewan Bandaraya Kuching Utara;
            Kota Kinabalu: Dewan Bandaraya Kota Kinabalu; Miri: Majlis Bandaraya Miri"""
        ),
        words(
            """Kementerian Digital, Jabatan Perancangan Bandar dan Desa, Kementerian Perumahan dan Kerajaan
            Tempatan, Jabatan Kerajaan Tempatan, Jabatan Digital Negara, Jabatan Kerja Raya, Perbadanan
            Putrajaya, Jabatan Perangkaan Malaysia, Unit Perancang Ekonomi Negeri, Jabatan Alam Sekitar"""
        ),
        MALAYSIAN,
    ),
    Country(
        "SG",
        45,
        {"malaysian chinese": 6, "malaysian chinese, Han": 1, "malay": 1, "indian": 2, "english": 1},
        "+6581######",
        _cities("Singapore: Land Transport Authority / Urban Redevelopment Authority", ""),
        words("Smart Nation Group, Housing & Development Board, Ministry of National Development"),
    ),
    Country(
        "ID",
        50,
        {"indonesian": 1},
        "+62812########",
        _cities("Jakarta: Pemerintah Provinsi DKI Jakarta / Jakarta Smart City", "Governor")
        + _cities(
            "Bandung: Pemerintah Kota Bandung; Surabaya: Pemerintah Kota Surabaya; Medan: Pemkot Medan"
        ),
        words("Otorita Ibu Kota Nusantara, Kementerian Komunikasi dan Digital, Bappenas"),
        INDONESIAN,
    ),
    Country(
        "TH",
        36,
        {"thai": 2, "thai, Latin": 1},
        "+6681#######",
        _cities("Bangkok: กรุงเทพมหานคร / Bangkok Metropolitan Administration", "Governor")
        + _cities("Chiang Mai: เทศบาลนครเชียงใหม่; Khon Kaen: เทศบาลนครขอนแก่น / Khon Kaen Municipality"),
        words("สำนักงานส่งเสริมเศรษฐกิจดิจิทัล, Digital Economy Promotion Agency"),
    ),
    Country(
        "VN",
        28,
        {"vietnamese": 1},
        "+8491#######",
        _cities(
            """Đà Nẵng: Ủy ban Nhân dân Thành phố Đà Nẵng; Hà Nội: Sở Khoa học và Công nghệ Hà Nội;
            Hồ Chí Minh City: Ủy ban Nhân dân Thành phố Hồ Chí Minh""",
            "Chairman",
        ),
        words("Bộ Khoa học và Công nghệ"),
    ),
    Country(
        "PH",
        26,
        {"filipino": 1},
        "+63917#######",
        _cities(
            "Quezon City: Quezon City Government; Baguio: City Government of Baguio; Cebu: Cebu City Hall"
        ),
        words("Department of Information and Communications Technology, Philippine Statistics Authority"),
    ),
    Country(
        "BN", 10, {"malay": 1}, "+6737######", _cities("Bandar Seri Begawan: Jabatan Bandaran"), ("AITI",)
    ),
    Country(
        "KH",
        8,
        {"khmer": 3, "khmer, Latin": 2},
        "+85512######",
        _cities("Phnom Penh: រាជធានីភ្នំពេញ / Phnom Penh Capital Administration", "Governor"),
    ),
    Country(
        "MM",
        5,
        {"myanmar": 3, "myanmar, Latin": 2},
        "+959250######",
        _cities("Yangon: ရန်ကုန်မြို့တော်စည်ပင်သာယာရေးကော်မတီ / Yangon City Development Committee"),
    ),
    Country("LA", 3, {"lao": 1}, "+8562055######", _cities("Vientiane: ນະຄອນຫຼວງວຽງຈັນ", "Governor")),
    Country(
        "CN",
        58,
        {"chinese, Han": 3, "chinese": 2},
        "+86138########",
        _cities(
            """Shenzhen: 深圳市政务服务和数据管理局; Shanghai: 上海市数据局 / Shanghai Municipal Government;
            Hangzhou: 杭州市数据资源管理局; Guangzhou: 广州市规划和自然资源局"""
        ),
        words("国家信息中心, 中国信息通信研究院"),
    ),
    Country(
        "HK",
        12,
        {"cantonese": 2, "traditional Han": 1},
        "+85261######",
        _cities("Hong Kong: 數字政策辦公室 / Digital Policy Office", ""),
    ),
    Country(
        "TW",
        14,
        {"traditional Han": 2, "chinese": 1},
        "+886912######",
        _cities("Taipei: 臺北市政府 / Taipei City Government; Taoyuan: 桃園市政府; Kaohsiung: 高雄市政府"),
    ),
    Country(
        "IN",
        44,
        {"indian": 4, "hindi": 2, "tamil": 2},
        "+9198########",
        _cities(
            """Chennai: சென்னை மாநகராட்சி / Greater Chennai Corporation; New Delhi: नई दिल्ली नगरपालिका परिषद;
            Pune: Pune Municipal Corporation; Surat: Surat Municipal Corporation;
            Bengaluru: Greater Bengaluru Authority"""
        ),
        words("Ministry of Housing and Urban Affairs, National Institute of Urban Affairs"),
    ),
    Country(
        "KR",
        36,
        {"hangul": 3, "korean": 2},
        "+82102#######",
        _cities(
            """Seoul: 서울특별시청 / Seoul Metropolitan Government; Busan: 부산광역시청;
            Sejong: 세종특별자치시; Daegu: 대구광역시"""
        ),
        words("국토교통부, Korea Land and Housing Corporation"),
    ),
    Country(
        "JP",
        34,
        {"kanji": 3, "japanese": 2},
        "+81901#######",
        _cities("Tokyo: 東京都庁 / Tokyo Metropolitan Government", "Governor")
        + _cities("Yokohama: 横浜市役所; Fukuoka: 福岡市役所 / City of Fukuoka; Sapporo: 札幌市役所"),
        words("デジタル庁, 国土交通省, Japan International Cooperation Agency"),
    ),
    Country(
        "AE",
        18,
        {"arabic": 3, "arabic, Latin": 3, "indian": 1},
        "+97150#######",
        _cities("Dubai: هيئة دبي الرقمية / بلدية دبي / Digital Dubai; Abu Dhabi: دائرة البلديات والنقل", ""),
        titles=ARAB,
    ),
    Country(
        "SA",
        16,
        {"arabic": 3, "arabic, Latin": 2},
        "+96655#######",
        _cities("Riyadh: أمانة منطقة الرياض / Riyadh Municipality; Jeddah: أمانة محافظة جدة"),
        titles=ARAB,
    ),
    Country(
        "QA",
        6,
        {"arabic": 1, "arabic, Latin": 1},
        "+97455######",
        _cities("Doha: وزارة البلدية / Ministry of Municipality", ""),
        titles=ARAB,
    ),
    Country(
        "OM",
        4,
        {"arabic": 1, "arabic, Latin": 1},
        "+96892######",
        _cities("Muscat: بلدية مسقط / Muscat Municipality", ""),
        titles=ARAB,
    ),
    Country(
        "KW",
        4,
        {"arabic": 1, "arabic, Latin": 1},
        "+96566######",
        _cities("Kuwait City: بلدية الكويت / Kuwait Municipality", ""),
        titles=ARAB,
    ),
    Country(
        "EG",
        5,
        {"arabic": 1, "arabic, Latin": 1},
        "+20100#######",
        _cities("Cairo: محافظة القاهرة", "Governor"),
        titles=ARAB,
    ),
    Country("JO", 3, {"arabic": 1}, "+96279#######", _cities("Amman: أمانة عمان الكبرى"), titles=ARAB),
    Country(
        "MA", 4, {"maghrebi": 1}, "+212661######", _cities("Casablanca: Commune de Casablanca"), titles=FRENCH
    ),
    Country("TR", 8, {"turkish": 1}, "+90532#######", _cities("İstanbul: İstanbul Büyükşehir Belediyesi")),
    Country("IR", 3, {"persian": 1}, "+98912#######", _cities("Tehran: شهرداری تهران")),
    Country("BD", 6, {"bengali": 1}, "+88017########", _cities("Dhaka: ঢাকা উত্তর সিটি কর্পোরেশন")),
    Country("LK", 4, {"sinhala": 1}, "+9477#######", _cities("Colombo: Colombo Municipal Council")),
    Country("NP", 3, {"nepali": 1}, "+977984#######", _cities("Kathmandu: काठमाडौं महानगरपालिका")),
    Country("PK", 5, {"pakistani": 1}, "+92300#######", _cities("Lahore: Metropolitan Corporation Lahore")),
    Country("KZ", 4, {"kazakh": 1}, "+7701#######", _cities("Astana: Астана қаласының әкімдігі")),
    Country("UZ", 3, {"uzbek": 1}, "+99890#######", _cities("Tashkent: Toshkent shahar hokimligi")),
    Country("GE", 2, {"georgian": 1}, "+995555######", _cities("Tbilisi: თბილისის მერია")),
    Country(
        "GB",
        18,
        {"english": 12, "indian": 2, "hebrew": 1},
        "+447400######",
        _cities("London: Greater London Authority; Glasgow: Glasgow City Council; Cardiff: Cyngor Caerdydd"),
    ),
    Country(
        "IE", 4, {"english": 1}, "+35385#######", _cities("Dublin: Comhairle Cathrach Bhaile Átha Cliath")
    ),
    Country(
        "DE",
        14,
        {"german": 8, "turkish": 1},
        "+49151########",
        _cities("Hamburg: Freie und Hansestadt Hamburg; München: Landeshauptstadt München; Köln: Stadt Köln"),
        words("Bundesministerium für Digitales und Staatsmodernisierung"),
        GERMAN,
    ),
    Country(
        "AT", 4, {"german": 1}, "+43664#######", _cities("Wien: Magistrat der Stadt Wien"), titles=GERMAN
    ),
    Country("CH", 3, {"german": 1}, "+4179#######", _cities("Zürich: Stadt Zürich"), titles=GERMAN),
    Country(
        "FR",
        10,
        {"french": 1},
        "+33612######",
        _cities("Lyon: Métropole de Lyon; Nice: Métropole Nice Côte d'Azur; Paris: Ville de Paris"),
        titles=FRENCH,
    ),
    Country(
        "ES",
        14,
        {"spanish": 1},
        "+346########",
        _cities(
            """Barcelona: Ajuntament de Barcelona; València: Ajuntament de València; Málaga: Ayuntamiento de
            Málaga"""
        ),
        titles=IBERIAN,
    ),
    Country("PT", 4, {"portuguese": 1}, "+35191#######", _cities("Lisboa: Câmara Municipal de Lisboa")),
    Country(
        "IT", 6, {"italian": 1}, "+39347#######", _cities("Milano: Comune di Milano; Torino: Città di Torino")
    ),
    Country(
        "NL",
        8,
        {"dutch": 1},
        "+31612######",
        _cities("Amsterdam: Gemeente Amsterdam; Den Haag: Gemeente Den Haag"),
    ),
    Country("BE", 3, {"dutch": 1, "french": 1}, "+32470######", _cities("Gent: Stad Gent")),
    Country("SE", 5, {"nordic": 1}, "+4670#######", _cities("Malmö: Malmö stad; Göteborg: Göteborgs Stad")),
    Country("NO", 3, {"nordic": 1}, "+4790######", _cities("Tromsø: Tromsø kommune")),
    Country("DK", 4, {"nordic": 1}, "+45201#####", _cities("Århus: Aarhus Kommune")),
    Country("FI", 5, {"finnish": 1}, "+35840#######", _cities("Jyväskylä: Jyväskylän kaupunki")),
    Country("IS", 2, {"icelandic": 1}, "+354611####", _cities("Reykjavík: Reykjavíkurborg")),
    Country("EE", 4, {"estonian": 1}, "+3725#######", _cities("Tallinn: Tallinna Linnavalitsus")),
    Country(
        "PL", 4, {"polish": 1}, "+48601######", _cities("Łódź: Urząd Miasta Łodzi; Kraków: Miasto Kraków")
    ),
    Country("CZ", 3, {"czech": 1}, "+420601######", _cities("Plzeň: Statutární město Plzeň")),
    Country(
        "GR", 4, {"greek": 1}, "+30694#######", _cities("Athens: Δήμος Αθηναίων; Trikala: Δήμος Τρικκαίων")
    ),
    Country(
        "UA",
        4,
        {"ukrainian": 1},
        "+38067#######",
        _cities("Kyiv: Київська міська рада; Lviv: Львівська міська рада"),
    ),
    Country(
        "US",
        20,
        {"english": 9, "spanish": 2, "chinese": 1, "hebrew": 1},
        "+1202555####",
        _cities("Kansas City: City of Kansas City; Boston: City of Boston; San José: City of San José"),
    ),
    Country(
        "CA",
        7,
        {"english": 4, "french": 2, "cantonese": 1},
        "+1613555####",
        _cities("Montréal: Ville de Montréal; Toronto: City of Toronto"),
    ),
    Country(
        "AU",
        16,
        {"english": 7, "vietnamese": 1, "greek": 1},
        "+61412######",
        _cities("Melbourne: City of Melbourne; Brisbane: Brisbane City Council", "Lord Mayor"),
    ),
    Country("NZ", 4, {"english": 1}, "+6421######", _cities("Tāmaki Makaurau: Auckland Council")),
    Country(
        "BR",
        7,
        {"portuguese": 1},
        "+5511991######",
        _cities("Curitiba: Prefeitura de Curitiba; São Paulo: Prefeitura de São Paulo"),
    ),
    Country(
        "MX", 5, {"spanish": 1}, "+5255########", _cities("Mérida: Ayuntamiento de Mérida"), titles=IBERIAN
    ),
    Country(
        "CO", 5, {"spanish": 1}, "+57310#######", _cities("Medellín: Alcaldía de Medellín"), titles=IBERIAN
    ),
    Country(
        "CL", 3, {"spanish": 1}, "+56998######", _cities("Ñuñoa: Municipalidad de Ñuñoa"), titles=IBERIAN
    ),
    Country("AR", 3, {"spanish": 1}, "+549115#######", _cities("Córdoba: Ciudad de Córdoba"), titles=IBERIAN),
    Country("NG", 6, {"nigerian": 1}, "+234803#######", _cities("Lagos: Lagos State Government", "Governor")),
    Country(
        "KE", 5, {"east african": 1}, "+254722######", _cities("Nairobi: Nairobi City County", "Governor")
    ),
    Country("RW", 4, {"east african": 1}, "+250788######", _cities("Kigali: Umujyi wa Kigali")),
    Country("ET", 3, {"amharic": 1}, "+251911######", _cities("Addis Ababa: የአዲስ አበባ ከተማ አስተዳደር")),
    Country("GH", 3, {"ghanaian": 1}, "+233244######", _cities("Accra: Accra Metropolitan Assembly")),
    Country(
        "ZA", 5, {"south african": 1}, "+2782#######", _cities("Cape Town: City of Cape Town / Stad Kaapstad")
    ),
)

BY_CODE = {country.code: country for country in COUNTRIES}

# Everywhere: bodies that a city has, whatever its language.
BODIES = ("{} Smart City Office", "{} Chamber of Commerce", "{} Urban Lab", "{} Transit Agency")
