"""The honorifics of the demo event's people; it owns no table."""

from dataclasses import dataclass

from checkin.organisers.demo_names import words


@dataclass(frozen=True)
class Titles:
    """Honorifics of men and women, and those of people of rank."""

    his: tuple[str, ...]
    hers: tuple[str, ...]
    his_of_rank: tuple[str, ...]
    hers_of_rank: tuple[str, ...]


def _titles(his: str, hers: str, his_of_rank: str, hers_of_rank: str) -> Titles:
    return Titles(words(his), words(hers), words(his_of_rank), words(hers_of_rank))


INTERNATIONAL = _titles(
    "Mr, Mr, Dr, Prof.",
    "Ms, Mrs, Ms, Dr, Prof.",
    "H.E., H.E. Dr, The Honourable, Prof. Dr, Hon.",
    "H.E., H.E. Dr, The Honourable, Prof. Dr, Hon.",
)
MALAYSIAN = _titles(
    "Encik, Encik, Tuan, Tuan Haji, Dr., Ir., Ts., Ts. Dr., Prof. Madya Dr., Sr",
    "Puan, Puan, Cik, Puan Hajah, Dr., Ts., Ir. Ts., Prof. Madya Dr., LAr.",
    """Dato', Datuk, Datuk Seri, Dato' Sri, Tan Sri, Tan Sri Dato' Seri Dr., YBhg. Tan Sri Dato' Seri Ir.
    Dr., YB Dato' Seri, Dato' Wira Ts. Dr. Haji, YB Datuk Seri Panglima, YBhg. Datuk Ir. Ts. Dr. Haji, Dato'
    Paduka""",
    """Datin, Datin Paduka, Puan Sri, Puan Sri Datin Seri Dr., Dato', Datuk, Tan Sri Dr., Toh Puan, YB Datuk
    Seri, YBhg. Datuk Dr. Hajah, Dato' Sri Prof. Dr.""",
)
ARAB = _titles(
    "Mr, Eng., Dr",
    "Ms, Eng., Dr",
    "H.E. Sheikh, H.E. Eng., H.E. Dr, Sheikh",
    "H.E. Sheikha, H.E. Eng., H.E. Dr, Sheikha",
)
INDONESIAN = _titles(
    "Bapak, Ir., Drs., Dr. Ir.",
    "Ibu, Ir., Dra., Dr.",
    "H.E., Prof. Dr. Ir. H., Dr. (H.C.) Drs. H.",
    "H.E., Prof. Dr. Hj., Dra. Hj.",
)
GERMAN = _titles(
    "Herr, Dr., Dr.-Ing., Dipl.-Ing.",
    "Frau, Dr., Dr.-Ing., Mag.",
    "Prof. Dr. Dr. h. c., Staatssekretär Dr., Prof. Dr.-Ing.",
    "Prof. Dr. Dr. h. c., Staatssekretärin Dr., Prof. Dr.-Ing.",
)
IBERIAN = _titles(
    "Sr., D., Ing., Dr.",
    "Sra., Dña., Ing., Dra.",
    "Excmo. Sr., Ilmo. Sr., Excmo. Sr. D.",
    "Excma. Sra., Ilma. Sra., Excma. Sra. Dña.",
)
FRENCH = _titles("M., Dr", "Mme, Dr", "S.E. M., M. le Maire", "S.E. Mme, Mme la Maire")
