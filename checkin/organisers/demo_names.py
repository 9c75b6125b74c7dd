"""The words of which the demo event's names are made, for each people in its script; it owns no table."""

from dataclasses import dataclass
from functools import cache


@cache
def words(text: str) -> tuple[str, ...]:
    """The entries of a list that is written with commas."""
    return tuple(" ".join(entry.split()) for entry in text.split(",") if entry.strip())


@dataclass(frozen=True)
class Naming:
    """How a people is named: lists of words, and of the patterns of a man's and of a woman's name.

    A pattern's slots are `given`, `family`, `other` (one more family name) and `father` (a man's given name);
    women have the men's patterns and families where they have none of their own.
    """

    men: str
    women: str
    families: str
    his: str = "{given} {family}"
    hers: str = ""
    womens_families: str = ""


NAMINGS = {
    "malay": Naming(
        """Ahmad Farid, Mohd Hafiz, Muhammad Aiman, Zulkifli, Khairul Anuar, Azman, Nik Aziman, Wan Fauzi,
        Syed Hamzah, Amirul Hakim, Faizal, Shahrul Nizam, Muhammad Danish, Rosli, Hasnul, Ridzuan, Megat
        Iskandar, Izzat, Hairul, Norhisham, Mohd Syafiq, Abdul Halim, Fadzil, Kamarul, Ainuddin, Luqman,
        Tengku Azlan, Raja Kamal, Shukri""",
        """Siti Aminah, Nurul Ain, Noraini, Farah Nadia, Aishah, Nur Syafiqah, Wan Suraya, Zaleha, Rohana,
        Hidayah, Intan Suraya, Norliza, Fatin Amira, Sharifah Alia, Che Rohani, Nik Nur Hanis, Puteri Balqis,
        Azlina, Salmah, Siti Khadijah, Nor Hayati, Dayang Suria, Mastura, Haslinda, Yusnita, Tengku Maimun,
        Raja Azura, Umi Kalsum""",
        """Abdullah, Ismail, Abdul Rahman, Mohd Yusof, Hassan, Othman, Ibrahim, Zainal Abidin, Mat Isa, Che
        Omar, Kamaruddin, Sulaiman, Abdul Ghani, Mohamad Noor, Wan Daud, Nik Hassan, Jaafar, Tajuddin, Haji
        Salleh, Mahmud, Shamsudin, Baharom, Awang, Idris, Samad, Abu Bakar, Syed Ali, Hj. Mokhtar, Md. Nasir,
        Tengku Mansor""",
        "{given} bin {family}, {given} bin {family}, {given} bin {family}, {given} {family}",
        "{given} binti {family}, {given} binti {family}, {given} bt. {family}, {given} {family}",
    ),
    "iban": Naming(
        "Edmund, Alexander, Gerald, Nicholas, Awing, Douglas, Jonathan, Rentap, Stanley, Michael Manyin",
        "Magdalene, Catherine, Doris, Simah, Christina, Nancy, Rosalind, Lina, Jennifer, Sulau",
        "Langgu, Bawin, Unggang, Nyipa, Jimbun, Sagah, Numpang, Entri, Mawar, Libau",
        "{given} anak {family}",
    ),
    "malaysian chinese": Naming(
        """Wei Jie, Chee Keong, Kah Hoe, Boon Huat, Jun Hao, Kok Leong, Zhi Xuan, Weng Fatt, Teck Seng, Yong
        Sheng, Kian Ming, Choon Hong, Wai Kit, Eng Hock, Jia Wei""",
        """Mei Ling, Siew Ling, Hui Min, Pei Shan, Xin Yi, Li Ying, Sook Yee, Wan Ting, Ai Leng, Bee Choo,
        Yoke Lan, Swee Lin, Jia Hui, Poh Choo, Su Ann""",
        """Tan, Lim, Lee, Wong, Ng, Chan, Ong, Goh, Teoh, Cheah, Yap, Chong, Khoo, Low, Liew, Ooi, Chew, Foo,
        Hiew, Loke, Soon, Tneh, Yeoh, Sim""",
        """{family} {given}, {family} {given}, {family} {given}, Daniel {family} {given}, Kelvin {family}
        {given}""",
        """{family} {given}, {family} {given}, {family} {given}, Michelle {family} {given}, Grace {family}
        {given}""",
    ),
    "malaysian chinese, Han": Naming(
        "伟杰, 志强, 家豪, 文辉, 俊贤, 国良, 振华, 永发, 明顺, 子健",
        "美玲, 慧敏, 佩珊, 欣怡, 丽英, 淑仪, 秀莲, 嘉雯, 玉珍, 思颖",
        "陈, 林, 李, 黄, 吴, 王, 张, 刘, 蔡, 郑, 叶, 谢, 邱, 许, 颜",
        "{family}{given}",
    ),
    "malaysian tamil": Naming(
        """Muniandy, Subramaniam, Ganesan, Ravichandran, Prakash, Kumaran, Saravanan, Thinesh, Vignesh,
        Arumugam, Sathiya Seelan, Logeswaran""",
        """Kavitha, Letchumi, Shanti, Malliga, Priya, Thulasi, Vasanthi, Yogeswari, Devi, Anjali, Saraswathy,
        Puvaneswari""",
        """Krishnan, Perumal, Ramasamy, Govindasamy, Nadarajan, Muthusamy, Sivalingam, Balakrishnan,
        Veerappan, Subramaniam, Letchumanan, Arokiasamy""",
        "{given} a/l {family}, {given} a/l {family}, {given} a/l {family}, {given} {family}, {given}",
        "{given} a/p {family}, {given} a/p {family}, {given} a/p {family}, {given} {family}, {given}",
    ),
    "malaysian punjabi": Naming(
        "Harjit, Jaspal, Gurdev, Ranjit, Amrik, Balwinder",
        "Manpreet, Jasvinder, Harpreet, Kiranjit, Sukhdev, Rupinder",
        "Gurdial Singh, Karam Singh, Mohinder Singh, Bhajan Singh, Sarjit Singh",
        "{given} Singh a/l {family}, {given} Singh",
        "{given} Kaur a/p {family}, {given} Kaur",
    ),
    "chinese, Han": Naming(
        "伟, 建国, 志远, 浩然, 子轩, 宇航, 明, 俊杰, 晓东, 海涛, 文博, 思远, 国栋, 鹏飞",
        "芳, 秀英, 雨桐, 静怡, 丽娜, 晓燕, 梦琪, 欣妍, 娟, 雪梅, 玉兰, 诗雨, 红梅, 佳慧",
        "王, 李, 张, 刘, 陈, 杨, 赵, 黄, 周, 吴, 徐, 孙, 欧阳, 上官, 诸葛, 冯, 邓, 曹",
        "{family}{given}",
    ),
    "chinese": Naming(
        "Wei, Jianguo, Zhiyuan, Haoran, Zixuan, Yuhang, Ming, Junjie, Xiaodong, Haitao, Guodong, Pengfei",
        "Fang, Xiuying, Yutong, Jingyi, Lina, Xiaoyan, Mengqi, Xinyan, Juan, Xuemei, Shiyu, Jiahui",
        "Wang, Li, Zhang, Liu, Chen, Yang, Zhao, Huang, Zhou, Wu, Xu, Sun, Ouyang, Lü, Feng, Deng",
        "{given} {family}, {family} {given}",
    ),
    "traditional Han": Naming(
        "志明, 俊傑, 冠宇, 家豪, 建宏, 承翰, 大文, 國華, 耀輝, 啟賢",
        "淑芬, 雅婷, 怡君, 美玲, 詩涵, 佳穎, 慧儀, 麗珍, 嘉欣, 靜宜",
        "陳, 林, 黃, 張, 李, 吳, 劉, 蔡, 楊, 許, 鄭, 謝, 葉, 歐陽",
        "{family}{given}",
    ),
    "cantonese": Naming(
        "Tai Man, Ka Ho, Chi Keung, Wing Fai, Kwok Wah, Chun Kit, Siu Ming, Ho Yin",
        "Ka Yan, Mei Fung, Wai Ling, Suk Yee, Hiu Tung, Sze Man, Lai Chun, Wing Sze",
        "Chan, Wong, Cheung, Leung, Lau, Ho, Kwok, Tsang, Fung, Yeung, Mak, Szeto",
        "{family} {given}, Raymond {family} {given}, Vincent {family} {given}",
        "{family} {given}, Carmen {family} {given}, Winnie {family} {given}",
    ),
    "hangul": Naming(
        "민준, 서준, 도윤, 지훈, 현우, 성민, 재영, 동현, 상철, 영호, 태윤, 건우",
        "서연, 지우, 하은, 수진, 은지, 혜진, 미경, 유나, 영희, 소희, 채원, 다은",
        "김, 이, 박, 최, 정, 강, 조, 윤, 장, 임, 한, 오, 남궁, 황보",
        "{family}{given}",
    ),
    "korean": Naming(
        "Min-jun, Seo-jun, Do-yun, Ji-hoon, Hyun-woo, Sung-min, Jae-young, Dong-hyun, Sang-chul, Tae-yun",
        "Seo-yeon, Ji-woo, Ha-eun, Soo-jin, Eun-ji, Hye-jin, Mi-kyung, Yu-na, So-hee, Chae-won",
        "Kim, Lee, Park, Choi, Jung, Kang, Cho, Yoon, Jang, Lim, Han, Namgung",
        "{given} {family}, {family} {given}",
    ),
    "kanji": Naming(
        "健太, 翔太, 大輔, 直樹, 拓也, 誠, 隆, 浩二, 一郎, 悠斗, 蓮, 修",
        "陽子, 美咲, さくら, 由美子, 恵, 千尋, ひかり, 直子, あおい, 明日香, ゆかり, 真理子",
        "田中, 佐藤, 鈴木, 高橋, 渡辺, 伊藤, 山本, 中村, 小林, 加藤, 齋藤, 長谷川, 五十嵐, 森",
        "{family} {given}",
    ),
    "japanese": Naming(
        "Kenta, Shōta, Daisuke, Naoki, Takuya, Makoto, Takashi, Kōji, Yūto, Ren, Osamu",
        "Yōko, Misaki, Sakura, Yumiko, Megumi, Chihiro, Hikari, Naoko, Aoi, Asuka, Mariko",
        "Tanaka, Satō, Suzuki, Takahashi, Watanabe, Itō, Yamamoto, Nakamura, Kobayashi, Katō, Hasegawa, Ōno",
        "{given} {family}",
    ),
    "thai": Naming(
        "สมชาย, ธนกร, วิชัย, ณัฐพล, ปิยะ, อนุชา, กิตติ, ศุภชัย, ธีรพงศ์, เกียรติศักดิ์",
        "สุดา, กัญญา, พิมพ์ชนก, อรทัย, ณัฐธิดา, ปรียา, จิราพร, วิไลวรรณ, เพ็ญศรี, ขวัญใจ",
        "ใจดี, ศรีสุวรรณ, ทองคำ, แก้วมณี, บุญมี, สุขสันต์, รัตนพันธุ์, พงษ์พิพัฒน์, เจริญผล, ณ นคร",
    ),
    "thai, Latin": Naming(
        "Somchai, Thanakorn, Wichai, Nattapon, Piya, Anucha, Kitti, Supachai, Theerapong",
        "Suda, Kanya, Pimchanok, Orathai, Natthida, Preeya, Jiraporn, Wilaiwan, Pensri",
        "Jaidee, Srisuwan, Thongkham, Kaewmanee, Boonmee, Suksan, Rattanaphan, Charoenphol, na Nakorn",
    ),
    "vietnamese": Naming(
        "Văn Hùng, Minh Quân, Đức Anh, Quốc Bảo, Hữu Nghĩa, Thành Trung, Gia Huy, Xuân Trường, Đình Phúc",
        "Thị Ánh Nguyệt, Thu Hà, Ngọc Lan, Thị Hồng Nhung, Bích Phượng, Khánh Linh, Mỹ Duyên, Thùy Dương",
        "Nguyễn, Nguyễn, Trần, Lê, Phạm, Hoàng, Vũ, Đặng, Bùi, Đỗ, Hồ, Huỳnh, Ngô",
        "{family} {given}",
    ),
    "khmer": Naming(
        "សុខា, ចាន់ដារ៉ា, វិសាល, រតនា, សំណាង, ពិសិដ្ឋ",
        "ស្រីមុំ, បុប្ផា, ចន្ធូ, សុភាព, មាលា, កល្យាណ",
        "ជា, គឹម, លី, ហេង, ស៊ុន, ម៉ៅ, សុខ",
        "{family} {given}",
    ),
    "khmer, Latin": Naming(
        "Dara, Sopheap, Visal, Rattana, Samnang, Piseth",
        "Bopha, Sreymom, Chanthou, Malis, Kalyan, Sothea",
        "Chea, Kim, Ly, Heng, Sok, Mao, Prak",
        "{family} {given}",
    ),
    "myanmar": Naming(
        "အောင်ကျော်, မင်းသူ, ဇော်မင်း, ထွန်းလင်း, ကျော်စွာ, သန့်ဇင်",
        "မြမြ, သီတာ, ခင်မေ, နှင်းဝေ, စုစု, သန္တာ",
        "ထွန်း, လင်း, ဝင်း, အောင်, မြင့်, ဦး",
        "{given}{family}, {given}",
    ),
    "myanmar, Latin": Naming(
        "Aung Kyaw, Min Thu, Zaw Min, Kyaw Swar, Thant Zin",
        "Mya Mya, Thida, Khin May, Hnin Wai, Su Su",
        "Htun, Lin, Win, Aung, Myint, Oo",
        "{given} {family}",
    ),
    "lao": Naming(
        "ສົມສັກ, ບຸນມີ, ຄຳພອນ, ສຸລິຍາ",
        "ວິໄລ, ແກ້ວ, ດາວອນ, ມະນີວັນ",
        "ພົມມະຈັນ, ສີສຸວັນ, ແກ້ວມະນີ, ວົງສາ",
    ),
    "indonesian": Naming(
        """Budi, Agus, Dwi, Joko, Rizky, Bambang, I Made, I Wayan, Taufik, Eko, Muhammad Reza, Yohanes,
        Hendra, Slamet, Andi""",
        """Siti, Dewi, Ratna, Sri, Ayu, Ni Luh Putu, Rina, Indah, Fitri, Maria Goreti, Wulan, Retno, Endang,
        Nurhayati""",
        """Santoso, Wijaya, Pratama, Siregar, Simanjuntak, Hidayat, Nugroho, Suryadi, Sitompul, Lestari,
        Kusuma, Setiawan, Tanoto, Hutagalung, Purnomo, Suharyono""",
        "{given} {family}, {given} {family}, {given} {family}, {given} {other} {family}, {family}",
    ),
    "filipino": Naming(
        "Jose Maria, Juan Miguel, Ramon, Ferdinand, Paolo, Rodel, Emmanuel, Gil, Benigno, Jericho",
        "Maria Cristina, Ma. Lourdes, Rosario, Analyn, Jocelyn, Liezl, Marites, Corazon, Bernadette, Divina",
        "dela Cruz, Santos, Reyes, Bautista, Villanueva, Macaraeg, Dimaculangan, Ocampo, de los Santos, Lim",
        "{given} {family}, {given} {family}, {given} {other} {family}",
    ),
    "tamil": Naming(
        "முருகன், செல்வம், கார்த்திக், இளங்கோ, அருண், மணிவண்ணன், கதிரவன், தமிழ்ச்செல்வன்",
        "கவிதா, மீனாட்சி, செல்வி, லட்சுமி, பிரியா, தேன்மொழி, கயல்விழி, பூங்கொடி",
        "சுப்பிரமணியம், ராமசாமி, கோவிந்தன், நடராஜன், பெருமாள், கிருஷ்ணன், சிவலிங்கம்",
        "{family} {given}, {given}",
    ),
    "hindi": Naming(
        "राजेश, अमित, विवेक, संजय, अनिल, दीपक, मनोज, प्रदीप, हृषिकेश, विक्रम",
        "सुनीता, अंजलि, पूजा, कविता, नेहा, स्मृति, प्रियंका, ज्योति, श्रद्धा, ऋचा",
        "शर्मा, श्रीवास्तव, वर्मा, मिश्रा, त्रिपाठी, चतुर्वेदी, सिंह, अग्रवाल, जोशी",
        "{given} {family}, {given} कुमार {family}",
        "{given} {family}, {given} कुमारी {family}",
    ),
    "nepali": Naming(
        "विष्णु, कृष्ण, सुरेश, दीपेन्द्र, प्रकाश",
        "सीता, गीता, सरिता, लक्ष्मी, मीना",
        "थापा, अधिकारी, श्रेष्ठ, गुरुङ, पौडेल, क्षेत्री",
    ),
    "indian": Naming(
        "Rajesh, Amit, Vivek, Sanjay, Anil, Deepak, Arjun, Karthik, Venkatesh, Irfan, Thomas, Gurpreet Singh",
        "Sunita, Anjali, Pooja, Kavita, Neha, Lakshmi, Priyanka, Meera, Divya, Ayesha, Mary, Harleen Kaur",
        """Sharma, Iyer, Reddy, Nair, Chatterjee, Patel, Deshpande, Krishnamurthy, Menon, Khan, Kurian,
        Bhattacharya""",
        "{given} {family}, {given} {family}, {given} {family}, {given} {other} {family}, {given}",
    ),
    "bengali": Naming(
        "আবদুর রহমান, রফিকুল, শহিদুল, তানভীর, সুব্রত, কামরুল",
        "রহিমা, ফারজানা, নাসরিন, সুলতানা, মৌসুমী, শর্মিলা",
        "ইসলাম, হাসান, চৌধুরী, আহমেদ, দাস, সরকার, হক",
    ),
    "sinhala": Naming(
        "නිමල්, සුනිල්, කමල්, රුවන්, චමින්ද",
        "කුමාරි, නිලූෂා, සඳුනි, මාලනී, දිල්රුක්ෂි",
        "පෙරේරා, සිල්වා, ජයවර්ධන, බණ්ඩාර, විජේසිංහ",
    ),
    "pakistani": Naming(
        "Asad, Bilal, Usman, Kamran, Adeel, Zeeshan",
        "Ayesha, Sana, Hina, Zainab, Maryam, Nadia",
        "Khan, Malik, Qureshi, Chaudhry, Siddiqui, Butt",
    ),
    "arabic": Naming(
        "محمد, أحمد, عبد الله, خالد, سلطان, فيصل, راشد, يوسف, عبد الرحمن, ماجد, سعيد, طارق",
        "فاطمة, مريم, نورة, عائشة, هند, لطيفة, سارة, ريم, شيخة, أسماء, هيفاء, منى",
        "الراشد, المنصوري, القحطاني, الهاشمي, العتيبي, الشامسي, المزروعي, الغامدي, الكعبي, الدوسري, البلوشي",
        "{given} {family}, {given} بن {father} {family}",
        "{given} {family}, {given} بنت {father} {family}",
    ),
    "arabic, Latin": Naming(
        "Mohammed, Ahmed, Abdullah, Khalid, Sultan, Faisal, Saeed, Yousef, Abdulrahman, Majid, Tariq, Hamad",
        "Fatima, Maryam, Noura, Aisha, Hind, Latifa, Sara, Reem, Sheikha, Asma, Haifa, Mona",
        """Al Mansoori, Al-Qahtani, Al Hashimi, Al-Otaibi, Al Shamsi, Al Mazrouei, Al-Ghamdi, Al Kaabi, Al
        Balushi""",
        "{given} {family}, {given} bin {father} {family}",
        "{given} {family}, {given} bint {father} {family}",
    ),
    "maghrebi": Naming(
        "Youssef, Mehdi, Karim, Abdelkader, Messaoud, Rachid",
        "Fatima-Zahra, Samira, Khadija, Leïla, Houda, Nawal",
        "Benali, El Fassi, Bouazza, Aït Lahcen, Cherkaoui, Ben Youssef",
    ),
    "turkish": Naming(
        "Şükrü, Mehmet, Çağrı, Emre, Oğuz, İbrahim, Tuğrul, Barış",
        "Ayşe, Gülşen, Elif, Çiğdem, Zeynep, İpek, Tuğba, Şebnem",
        "İpekçioğlu, Yılmaz, Öztürk, Demir, Çelik, Şahin, Kılıç, Yıldırım",
    ),
    "persian": Naming(
        "رضا, امیر, حسین, کیوان, بهروز",
        "مریم, نرگس, شیرین, پروانه, ژاله",
        "احمدی, رضایی, محمدی, کریمی, یزدانی",
    ),
    "hebrew": Naming(
        "דוד, יוסף, אבי, נועם, איתן",
        "רחל, שרה, מיכל, נועה, תמר",
        "כהן, לוי, מזרחי, פרידמן, אברהם, בן־דוד",
    ),
    "english": Naming(
        """James, Oliver, William, Patrick, Rory, Callum, Thomas, Benjamin, Ethan, Marcus, Alasdair, Noah,
        Christopher, Dwayne""",
        """Emma, Olivia, Charlotte, Grace, Siân, Niamh, Harriet, Zoë, Chloe, Madison, Eleanor, Aaliyah,
        Fiona, Margaret""",
        """Smith, O'Connor, MacDonald, Taylor, Smith-Jones, Campbell, Wright, Featherstone, Nguyen, Johnson,
        Bennett, Fitzgerald, Okafor, Walker, St. John, Harrison""",
        "{given} {family}, {given} {family}, {given} {family}, {given} J. {family}",
    ),
    "german": Naming(
        "Jürgen, Björn, Matthias, Karl-Heinz, Sebastian, Florian, Günther, Lukas",
        "Ursula, Käthe, Anja, Annegret, Sabine, Jördis, Friederike, Lena",
        "Müller, Groß, von der Heide, Schäfer, Weiß, Köhler, Schneider-Böhm, Zimmermann, von Lützow",
    ),
    "dutch": Naming(
        "Jan-Willem, Sjoerd, Pieter, Daan, Thijs",
        "Annelies, Femke, Sanne, Maaike, Loïs",
        "van den Berg, de Vries, Jansen, 't Hart, van der Meer, IJsselstein",
    ),
    "french": Naming(
        "François, Jean-Baptiste, Rémi, Benoît, Théo, Gaël",
        "Éloïse, Anaïs, Françoise, Marie-Hélène, Zoé, Inès",
        "Lefèvre, de La Tour, Dubois, Béranger, Garçon, L'Hôte, Nguema, Saint-Pierre",
    ),
    "spanish": Naming(
        "José Luis, Ángel, Iñaki, Jordi, Andrés, Joaquín, Martí, Óscar",
        "María José, Begoña, Núria, Lucía, Montserrat, Inés, Ximena, Belén",
        "García, Muñoz, Ibáñez, Puig, Castellví, López de Haro, Peña, Güell, Ortúñez, Etxeberria",
        "{given} {family} {other}, {given} {family}",
    ),
    "portuguese": Naming(
        "João, Luís Filipe, Antônio, Gonçalo, Caio, Thiago",
        "Maria da Conceição, Inês, Beatriz, Luísa, Fernanda, Letícia",
        "da Silva, dos Santos, Magalhães, Araújo, Gonçalves, de Assunção, Brandão",
        "{given} {other} {family}, {given} {family}",
    ),
    "italian": Naming(
        "Niccolò, Giovanni, Matteo, Pier Luigi, Lorenzo",
        "Chiara, Giulia, Maria Grazia, Ilaria, Noemi",
        "Rossi, D'Angelo, De Luca, Bianchi, Lo Presti, Dell'Orto",
    ),
    "polish": Naming(
        "Łukasz, Paweł, Michał, Grzegorz, Wojciech",
        "Małgorzata, Agnieszka, Zofia, Joanna, Elżbieta",
        "Kowalski, Wiśniewski, Żółkiewski, Dąbrowski, Szczepański",
        womens_families="Kowalska, Wiśniewska, Żółkiewska, Dąbrowska, Szczepańska",
    ),
    "czech": Naming(
        "Jiří, Ondřej, Tomáš, Václav, Luděk",
        "Kateřina, Lucie, Božena, Věra, Anežka",
        "Novák, Dvořák, Růžička, Černý, Svoboda",
        womens_families="Nováková, Dvořáková, Růžičková, Černá, Svobodová",
    ),
    "nordic": Naming(
        "Søren, Øyvind, Åke, Jens-Kristian, Mikael, Jörgen, Bjørn",
        "Åse, Mette, Solveig, Märta, Ingrid, Sølvi, Linnéa",
        "Sørensen, Ødegård, Åkesson, Lindqvist, Bjørnstad, Nygård, Hällström",
    ),
    "icelandic": Naming(
        "Þórður, Sigurður, Ægir, Björgvin",
        "Þórbjörg, Guðrún, Æðný, Ásdís",
        "Sigurðsson, Þorsteinsson, Jónsson, Guðmundsson",
        womens_families="Sigurðardóttir, Þorsteinsdóttir, Jónsdóttir, Guðmundsdóttir",
    ),
    "finnish": Naming(
        "Jukka, Väinö, Mikko, Pekka",
        "Päivi, Tuula, Aino, Sirkka-Liisa",
        "Järvinen, Mäkelä, Hämäläinen, Virtanen, Yli-Äijälä",
    ),
    "estonian": Naming(
        "Jüri, Tõnu, Märt, Kaarel",
        "Kärt, Tiiu, Õnne, Maarja",
        "Tamm, Mägi, Põldmäe, Kõiv, Sõerd",
    ),
    "ukrainian": Naming(
        "Олександр, Дмитро, Андрій, Сергій, Тарас, Богдан",
        "Олена, Ірина, Наталія, Оксана, Юлія, Ґалина",
        "Шевченко, Коваленко, Бондаренко, Ткаченко, Мельник, Кравчук, Лисенко, Їжакевич",
    ),
    "kazakh": Naming(
        "Нұрлан, Ерлан, Дәурен, Айдос, Қанат",
        "Айгүл, Әлия, Гүлнар, Дана, Жанар",
        "Ахметов, Нұрғалиев, Сәрсенов, Жұмабаев, Омаров",
        womens_families="Ахметова, Нұрғалиева, Сәрсенова, Жұмабаева, Омарова",
    ),
    "uzbek": Naming(
        "Sherzod, Jasur, Otabek, Bekzod",
        "Dilnoza, Nodira, Gulchehra, Ziyoda",
        "Yusupov, Rahimov, Toʻxtayev, Gʻaniyev",
        womens_families="Yusupova, Rahimova, Toʻxtayeva, Gʻaniyeva",
    ),
    "georgian": Naming(
        "გიორგი, დავით, ლევან, ზურაბ",
        "ნინო, თამარ, ეკატერინე, მარიამ",
        "ბერიძე, კაპანაძე, მაისურაძე, ლომიძე",
    ),
    "greek": Naming(
        "Γιώργος, Νίκος, Κωνσταντίνος, Δημήτρης, Ιωάννης",
        "Ελένη, Μαρία, Αικατερίνη, Σοφία, Χρυσούλα",
        "Παπαδόπουλος, Γεωργίου, Νικολαΐδης, Οικονόμου, Χατζηδάκης",
        womens_families="Παπαδοπούλου, Γεωργίου, Νικολαΐδου, Οικονόμου, Χατζηδάκη",
    ),
    "nigerian": Naming(
        "Chukwuemeka, Oluwaseun, Babatunde, Emeka, Ibrahim, Adébáyọ̀",
        "Ngozi, Folasade, Amaka, Chidinma, Zainab, Yẹ́misí",
        "Okonkwo, Adeyemi, Eze, Bello, Ogunlesi, Nwachukwu",
    ),
    "east african": Naming(
        "Kamau, Otieno, Jean-Bosco, Emmanuel, Mwangi, Juma",
        "Wanjiru, Achieng', Claudine, Immaculée, Njeri, Asha",
        "Kariuki, Odhiambo, Habimana, Uwimana, Ndung'u, Mutua",
    ),
    "amharic": Naming(
        "አበበ, ዳዊት, ተስፋዬ, ዮሐንስ",
        "ሰላም, ሄለን, ማርታ, ብርሃን",
        "ከበደ, በቀለ, ታደሰ, ኃይሌ",
    ),
    "ghanaian": Naming(
        "Kwame, Kofi, Yaw, Kwabena",
        "Akosua, Abena, Efua, Ama",
        "Mensah, Owusu, Asante, Ɔkyere-Darko",
    ),
    "south african": Naming(
        "Sipho, Thabo, Pieter, Bongani",
        "Thandiwe, Nomvula, Annelize, Zanele",
        "Nkosi, Dlamini, van der Merwe, Mokoena, Naidoo",
    ),
}
