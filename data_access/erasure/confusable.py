"""Letters of other scripts that have the shape of a Latin letter, of those that occur in living scripts and in attacks.

A choice from https://www.unicode.org/Public/security/latest/confusables.txt: Cyrillic, Greek, Armenian, Cherokee, Lisu, Coptic,
letters of extended Latin, dashes, slashes, colons and quotes. Not in it: mathematical alphabets and full width (NFKC makes those
Latin), scripts of the Indian subcontinent, Hebrew, Arabic and Thai, whose few likenesses depend on the typeface.
"""

from __future__ import annotations

_PAIRS = (
    # Cyrillic
    ("АВЕЅІЇЈКМНОРСТУХҮԌԚԜҺЬЗ", "ABESIIJKMHOPCTYXYGQWhb3"),
    ("аеѕіїјорсухүһԁԛԝӏкмтвнгпиьз", "aesiijopcyxyhdqwlkmtbhrnnb3"),
    ("ѵѴԍӀɡ", "vVgIg"),
    # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϜ", "ABEZHIKMNOPTYXCF"),
    ("αβγεηικνορστυχωϲϳ", "aByenikvopotuxwcj"),
    ("ϒ", "Y"),
    # Armenian
    ("աբգզհյնոսցքօՕՍԼՏՈ", "wpqqhjnnugpoOULSn"),
    # Cherokee, capital and small
    ("ᎪᏴᏟᎠᎬᎶᎻᎥᎫᏦᏞᎷᏀᏢᏒᏚᎢᏙᎳᏃᎩᏔ", "ABCDEGHiJKLMGPRSTVWZYW"),
    ("ꭺꮟꮯꭰꭼꮋꭵꭻꮶꮮꮇꮲꮢꮪꭲꮩꮃꮓꭹ", "abcdehijklmprstvwzy"),
    # Lisu
    ("ꓐꓑꓒꓓꓔꓖꓗꓘꓙꓚꓜꓝꓞꓟꓠꓡꓢꓣꓤꓦꓧꓨꓩꓪꓫꓬꓮꓰꓲꓳꓴ", "BPdDTGKKJCZFFMNLSRRVHGJWXYAEIOU"),
    # Coptic
    ("ⲀⲂⲈⲎⲒⲔⲘⲚⲞⲢⲤⲦⲨⲬ", "ABEHIKMNOPCTYX"),
    ("ⲁⲉⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭ", "aeikmnopctyx"),
    # Extended Latin: letters without a dot or with a tail, small capitals, stroked ones
    ("ıȷɑɩɪʏɢʀʙʜʟɴᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꞯ", "ijaiiygrbhlnacdejkmoptuvwzsq"),
    ("ɓɗɠɦƙɱɲɳƥʠɼʂƭʋⱳỿƒɫłđħŧøɸʐ", "bdghkmnnpqrstvwyflldhtopz"),
    ("ǀǃ", "|!"),
    # Digits and signs
    ("٠۰߀०০੦૦୦౦೦൦๐໐", "0000000000000"),
    ("‐‒–—―−⁃﹘➖ー", "-" * 10),
    ("⁄∕╱⧸", "////"),
    ("∶։׃ː꞉ːˑ", ":::::::"),
    ("’‘ʼʻˈ′´", "'''''''"),
    ("“”″", '"""'),
    ("∗⁎", "**"),
    ("․", "."),
    ("ǀ∣⏐￨│", "|||||"),
    ("ˍ＿", "__"),
)

LATIN = {ord(odd): plain for odds, plains in _PAIRS for odd, plain in zip(odds, plains, strict=True)}
