"""A tiny complete policy for tests, read by the real loader.

Linzhou is invented: two districts, three streets, one department, one enterprise.
`a_policy()` is all of it; `a_policy(catalogue=…)` puts another text in place of a file.
"""

from __future__ import annotations

from services.policy import Policy, load

CITY = """
[city]
code = "linzhou"
name = "林州市"
time_zone = "Asia/Shanghai"
number_prefix = "LZ"
hotline = "hotline"
language = "zh"

[routing]
returns_max = 2
fallback_standard = "ordinary"
urgency_standards = { emergency = "emergency", urgent = "utilities" }
"""

DIVISIONS = """level,code,name,parent,aliases
city,9901,林州市,,
district,990101,东区,9901,
district,990102,西区,9901,
street,990101001,河街街道,990101,河街
street,990101002,山前镇,990101,
street,990102001,桥北街道,990102,
community,990101001001,柳树社区,990101001,
"""

AGENCIES = """code,name,kind,division,superior,function,aliases
hotline,市政务服务局,hotline,9901,,,
city-transport,市交通局,city-department,,hotline,,
city-housing,市住建局,city-department,,hotline,,
water-company,市自来水公司,enterprise,,city-housing,,自来水
government-990101,东区政府,district-government,990101,hotline,,
government-990102,西区政府,district-government,990102,hotline,,
street-990101001,河街街道办事处,street,990101001,government-990101,,
street-990101002,山前镇政府,street,990101002,government-990101,,
street-990102001,桥北街道办事处,street,990102001,government-990102,,
enforcement-990101,东区城管局,district-department,990101,government-990101,enforcement,
enforcement-990102,西区城管局,district-department,990102,government-990102,enforcement,
"""

CATEGORIES = """code,name,parent,standard,words
environment,市容环境,,ordinary,
environment-waste,垃圾清运,environment,,垃圾
environment-stall,占道经营,environment,,占道|摆摊
utilities,公共服务,,utilities,
utilities-water,供水,utilities,,停水|水管
traffic,交通管理,,ordinary,
traffic-bus,公交,traffic,,公交车
housing,住房,,complex,
housing-deed,房产证,housing,,房产证
"""

CATALOGUE = """
[[rules]]
id = "waste-to-street"
category = "environment-waste"
lead = "street-of(place)"
source = "test"
date = 2026-01-01
examples = [{ text = "门口垃圾没人清", street = "990101001", expect = "street-990101001" }]

[[rules]]
id = "stall-to-enforcement"
category = "environment-stall"
lead = "department-of(enforcement, place)"
assists = ["street-of(place)"]
scored = "street-of(place)"
basis = "城管条例第五条"
source = "test"
date = 2026-01-01
examples = [{ text = "路口有人摆摊", district = "990102", expect = "enforcement-990102" }]

[[rules]]
id = "water-to-company"
category = "utilities-water"
lead = "water-company"
copies = ["district-of(place)"]
source = "test"
date = 2026-01-01
examples = [{ text = "家里停水了", district = "990101", expect = "water-company" }]

[[rules]]
id = "bus-to-transport"
category = "traffic-bus"
lead = "city-transport"
copies = ["district-of(place)"]
source = "test"
date = 2026-01-01
examples = [{ text = "公交车到站不停", expect = "city-transport" }]

[[rules]]
id = "deed-to-housing"
category = "housing-deed"
lead = "city-housing"
assists = ["district-of(place)"]
source = "test"
date = 2026-01-01
examples = [{ text = "房产证一直办不下来", district = "东区", expect = "city-housing" }]
"""

DIVERSIONS = """
[[rules]]
id = "fire"
diversion = "emergency"
words = ["着火"]
unless_words = ["去年着火"]
target = "119"
reply = { zh = "已转119，请立即撤离。", en = "Passed on to 119. Leave at once." }
source = "test"
date = 2026-01-01
examples = [
  { text = "楼道着火了", expect = "diverted:emergency" },
  { text = "去年着火的房子没修", expect = "not-diverted" },
]

[[rules]]
id = "court"
diversion = "statutory"
words = ["法院判决"]
target = "court"
reply = { zh = "请向法院提出。", en = "Please turn to the court." }
source = "test"
date = 2026-01-01
examples = [{ text = "我不服法院判决", expect = "diverted:statutory" }]

[[rules]]
id = "secret"
diversion = "secret"
words = ["查他人住址"]
target = "none"
reply = { zh = "涉及他人隐私，不予受理。", en = "This is somebody's privacy." }
source = "test"
date = 2026-01-01
examples = [{ text = "请帮我查他人住址", expect = "diverted:secret" }]

[[rules]]
id = "market"
diversion = "beyond-duty"
words = ["帮我订餐"]
target = "market"
reply = { zh = "请通过市场途径解决。", en = "Please look for it on the market." }
source = "test"
date = 2026-01-01
examples = [{ text = "帮我订餐送到家", expect = "diverted:beyond-duty" }]

[[rules]]
id = "forged"
diversion = "unlawful"
words = ["帮我办假证"]
target = "none"
reply = { zh = "该要求违法，不予受理。", en = "What you ask is against the law." }
source = "test"
date = 2026-01-01
examples = [{ text = "帮我办假证多少钱", expect = "diverted:unlawful" }]

[[rules]]
id = "repeat"
diversion = "repeat"
reply = { zh = "您反映的事项正在办理。", en = "Your matter is being handled." }
source = "test"
date = 2026-01-01
"""

SLA = """
[standards.emergency]
name = "紧急"
sign_within = "10m"
handle_within = "2h"
at_risk_before = "30m"
source = "test"

[standards.utilities]
name = "水电气热"
sign_within = "1h"
handle_within = "24h"
at_risk_before = "4h"
source = "test"

[standards.ordinary]
name = "一般"
sign_within = "2h"
handle_within = "7d"
at_risk_before = "24h"
source = "test"

[standards.complex]
name = "复杂"
sign_within = "1wd"
handle_within = "10wd"
at_risk_before = "2wd"
source = "test"

[[escalation]]
level = 1
raised_to = "superior-of(agency)"

[callback]
delay = "1h"
attempts_max = 3
spacing = "4h"
lapse_within = "3d"
rounds_max = 2

[scoring]
weight_response = 0.1
weight_resolution = 0.4
weight_satisfaction = 0.5
basically_counts = 0.9
month_starts_on = 19
"""

URGENCY = """
[[emergency]]
words = ["燃气泄漏", "被困"]
source = "test"

[[urgent]]
words = ["停水", "停电"]
unless = ["计划停水"]
source = "test"
"""

NATURE = """
[[natures]]
nature = "consultation"
words = ["来电咨询", "关于咨询", "how do I"]
opening_words = ["咨询", "请问"]
unless = ["咨询无果"]
source = "test"

[[natures]]
nature = "complaint"
words = ["来电投诉", "I want to complain"]
opening_words = ["投诉"]
source = "test"

[[natures]]
nature = "suggestion"
words = ["来电建议"]
opening_words = ["建议"]
source = "test"
"""

CALENDAR = """
[[years]]
year = 2026
source = "test"
holidays = [{ name = "国庆节", first = 2026-10-01, last = 2026-10-07 }]
workdays = [2026-10-10]
"""

NOTICES = """
[callback]
zh = "您的诉求{number}已答复：{answer} 请评价：{link}"
en = "Your request {number} was answered: {answer} Please tell us: {link}"
"""

IMPORTS = """
[imports.letters]
origin = "import:letters"
received_formats = ["%Y-%m-%d %H:%M"]

[imports.letters.columns]
external_id = "id"
text = "text"
received_at = ["sent", "day"]
category_path = ["first", "second"]
district = "district"
nature = "kind"

[imports.letters.natures]
"咨询" = "consultation"
"""

OPEN311 = """
jurisdiction_id = "linzhou.example"
contact = "热线 12345"
key_service = "https://linzhou.example/keys"
changeset = "2026-11-24 08:00"
endpoint = "test"

[[service]]
category = "environment"
name = { en = "Cleanliness" }

[[service]]
category = "environment-waste"
name = { en = "Waste not collected" }
description = { zh = "垃圾桶满溢未清", en = "Bins that are full and not emptied" }
keywords = ["垃圾", "rubbish"]

[[attribute]]
categories = ["utilities-water"]
code = "WHISPAWN"
datatype = "singlevaluelist"
required = true
description = { zh = "影响范围？", en = "How many homes?" }
values = [
  { key = "123", name = { zh = "一户", en = "One" } },
  { key = "124", name = { zh = "整栋", en = "The building" } },
]

[[attribute]]
categories = ["utilities"]
code = "WHISDORN"
datatype = "string"
description = { zh = "水表号？", en = "Number of the meter?" }
datatype_description = { zh = "水表正面", en = "on its front" }
"""

WHISTLES = """
targets = ["district-department", "enterprise"]

[[ranks]]
key = "team"
name = "班子成员"
source = "test"

[[ranks]]
key = "principal"
name = "主要负责人"
source = "test"

[standards.daily]
sign_within = "1h"
contact_within = "24h"
arrive_within = "3wd"
source = "test"

[standards.emergency]
sign_within = "10m"
contact_within = "10m"
arrive_within = "30m"
source = "test"

[kinds.daily]
name = "日常哨"
raisers = ["street"]
requires = ["own-duty", "several-departments", "coordination"]
rank = "team"
approvals_min = 1
complaints_min = 0
complaints_max = 3
standard = "daily"
basis = "街道条例第十七条"
source = "test"
date = 2026-01-01

[kinds.hard]
name = "攻坚哨"
raisers = ["street"]
requires = ["own-duty", "several-departments", "coordination"]
rank = "principal"
approvals_min = 2
complaints_min = 1
complaints_max = 3
standard = "daily"
source = "test"
date = 2026-01-01

[kinds.emergency]
name = "应急哨"
raisers = ["street"]
requires = []
rank = "team"
approvals_min = 1
complaints_min = 0
complaints_max = 3
standard = "emergency"
source = "test"
date = 2026-01-01

[kinds.cross-district]
name = "跨区联合哨"
raisers = ["street"]
requires = ["coordination"]
rank = "principal"
approvals_min = 1
complaints_min = 0
complaints_max = 3
standard = "daily"
crosses = "districts"
source = "test"
date = 2026-01-01

[refusals]
unknown-kind = { zh = "没有{kind}。", en = "There is no {kind}." }
may-not-raise = { zh = "不能吹{kind}。" }
not-your-place = { zh = "不在辖区。" }
approval = { zh = "须{rank}{approvals}人审批。" }
complaints = { zh = "须关联{least}至{most}件。" }
unknown-target = { zh = "没有{agencies}。" }
own-duty = { zh = "属本单位职责。", en = "It is your own duty." }
one-department = { zh = "属{agencies}一家职责，请移交。", en = "Transfer it to {agencies}." }
not-to-be-whistled = { zh = "不能吹{agencies}。" }
other-district = { zh = "{agencies}属其他区。" }
one-district = { zh = "{kind}须涉及其他区。" }
no-target = { zh = "没有报到单位。" }
coordination = { zh = "请先与{agencies}协调。", en = "Coordinate with {agencies} first." }
"""

#: Beside the tiny policy, which has no causes: `a_policy(causes=CAUSES)`.
CAUSES = """
[[causes]]
key = "ageing-pipes"
name = "管网老化"
source = "test"
date = 2026-11-24

[[causes]]
key = "contractor-default"
name = "物业未履约"
source = "test"
date = 2026-11-24

[bonus]
per_case = 2
points_max = 3
source = "test"
"""

_TEXTS = {
    "city.toml": CITY,
    "divisions.csv": DIVISIONS,
    "agencies.csv": AGENCIES,
    "categories.csv": CATEGORIES,
    "catalogue.toml": CATALOGUE,
    "diversions.toml": DIVERSIONS,
    "sla.toml": SLA,
    "urgency.toml": URGENCY,
    "nature.toml": NATURE,
    "calendar.toml": CALENDAR,
    "notices.toml": NOTICES,
    "imports.toml": IMPORTS,
    "open311.toml": OPEN311,
    "whistles.toml": WHISTLES,
}


def policy_files(**overrides: str | None) -> dict[str, bytes]:
    """The tiny policy's files.

    Args:
        overrides: By file name without suffix (`catalogue`, `sla` …): another text in
            place of the file, or None to leave the file out.
    """
    texts: dict[str, str | None] = dict(_TEXTS)
    names = {name.rsplit(".", 1)[0]: name for name in (*_TEXTS, "causes.toml", "channels.toml")}
    for stem, text in overrides.items():
        texts[names[stem]] = text
    return {name: text.encode() for name, text in texts.items() if text is not None}


def a_policy(**overrides: str | None) -> Policy:
    """The tiny policy, loaded; overrides as in `policy_files`."""
    return load(policy_files(**overrides))
