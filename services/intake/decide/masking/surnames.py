"""Chinese surnames, and the words that begin like a name and are none.

Surnames: the commonest some 340 of the Ministry of Public Security's yearly name reports,
and the compound ones in use. What a name can't be: collected from invented sentences and
everyday words; a policy doesn't hold them, because they belong to the language.
"""

from __future__ import annotations

#: Hardly ever the beginning of another word.
PLAIN = frozenset(
    "王李张刘陈杨赵吴徐孙胡朱郭罗宋韩冯袁邓傅沈彭吕苏卢蒋蔡贾丁魏薛阎潘戴姜姚谭廖邹陆郝孔崔邱"
    "秦侯邵孟尹黎乔赖龚樊兰殷庞颜俞翁倪严牛芦詹申聂焦耿鲁岳齐梅柯欧伍裴祁冉翟柴蒲阮窦缪辛肖闫"
    "覃莫裘卞甄晏仇葛涂滕霍凌虞岑蔺邢荆郎郁郜郗郦郏昝贲宓靳巩匡蒯娄麦苗闵穆宁钮帕戚卿瞿饶桑佘"
    "施舒司陶佟汪韦卫邬奚夏冼项解邸胥宣荀鄢晁褚储邰鲍骆卓臧谌苟刁栾亓逯揭綦粟邝逄扈雍厉芮萧辜檀苻"
    "寇竺仝鞠隋姬卜"
)
#: Also an everyday word or its beginning: 高温, 周边, 于是. A weak marker isn't enough.
EVERYDAY = frozenset(
    "黄周林何高马梁郑谢唐董程曹许曾叶杜钟任范方石熊金白康毛江史顾龙万段雷钱汤易常武文贺田余于"
    "向洪季关安温路柳华童米左毕包花游成代祝管古车房党展时和单全连强经计边纪明屈简尚艾牟都满国"
    "海青水皮敖帅洛商池楼付庄盛景甘谷章尤应桂占蓝沙费丛迟盖宫阳荣喻燕冷封仲宿晋植鹿麻幸曲丘伏符云羊"
    "蒙吉陀薄容劳丰农楚乐巫牧冀柏巢师红初修练闻旷操"
)
SURNAMES = PLAIN | EVERYDAY
#: Nobody's name begins so after a title or a weak marker, or too seldom.
FUNCTION = frozenset(
    "于和时向单全连经计边都明国关安强成代管党房车路海青水楼商池花左应盖费师红初修练闻操"
)

_COMPOUND_WORDS = """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台
    皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐
    百里 呼延 东郭 南门 西门 左丘 公良 拓跋 完颜
"""
COMPOUND = frozenset(_COMPOUND_WORDS.split())

#: Characters that end no given name: what stands there belongs to the sentence.
NOT_GIVEN = frozenset(
    "的在昨于和与及跟同向因是称说想现电手来反投了吗呢着过被把就都也还又很要会能没不未无请认住"
    "这那个位们号从到给对为让使去年月日时点半次元两多少什么怎每几各该其此后前内外里某区县路街"
    "巷镇乡村店园院厅局站楼桥所部厂场馆司校港岗屯寨弄市省政府庄口河湖边处家人员主民户者房车"
)
#: Of these, characters that do occur in given names; they are no sign after a strong marker.
GIVEN_TOO = frozenset("同河湖园年月向因对现时多政想庄路前未能家人边民主")

#: What people do at a hotline or is called: after a surname no given name (市民云咨询: an app).
_DEEDS_WORDS = """
    咨询 建议 反映 反应 投诉 举报 求助 来电 办理 查询 申请 缴纳 缴费 充值 报名 预约 登记 提交
    上报 反馈 表示 要求 老师 医生 老板 提问 提供 登录 登陆 注册 平台 系统
"""
DEEDS = frozenset(_DEEDS_WORDS.split())

#: Words that begin like a surname with a given name. Places, trades, everyday words.
_LURES_WORDS = """
    王府井 张家口 张家界 李宁 李家村 李村 马路 马上 高新 高新区 高中 高中生 高层 高铁 高温 高速
    高空 高校 高压 高端 高档 高度 高价 白领 白天 白云 白色 白石桥 黄河 黄金 黄色 黄昏 周边 周围
    周日 周末 周一 周二 周三 周四 周五 周六 周期 林业 林地 林区 何时 何人 何处 程序 许多 曾经
    任何 任意 石油 石头 石景山 方便 方向 方面 方案 方庄 金融 金额 金地 金牛 康复 江苏 江西 江南
    江北 江边 史上 顾客 龙华 龙岗 龙泉 万达 万科 段落 雷雨 钱款 汤圆 易燃 常常 常年 常住 武汉
    武术 文化 文明 文件 文体 贺州 田地 余额 余下 洪水 洪涝 季节 温度 温馨 柳州 柳树 华北 华南
    华为 毕业 包括 包裹 花园 游客 游泳 成都 成年 代表 代办 祝福 管道 管理 古城 尚未 苏州 苏宁
    宁波 宁静 海口 海南 海淀 青岛 青年 水电 水管 满意 司机 司法 党员 房东 房屋 车主 车辆 车位
    时间 时候 胡同 胡乱 罗湖 孔子 兰州 严重 严格 牛奶 牛肉 齐全 梅州 梅花 欧洲 麦当劳 麦田 卫生
    卫计委 施工 施工方 申请 申请人 项目 解决 解释 陆续 陆地 鲁迅 岳阳 苗木 桑拿 宣传 储蓄 储存
    储物 储户 陶瓷 孟加拉 秦皇岛 韩国 宋庄 唐山 郑州 郑重 梁山 沈阳 沈丘 吴江 徐州 徐汇 徐家汇
    杨浦 赵庄 陈旧 陈列 孙河 孙子 朱砂 郭公庄 蒋村 蔡甸 丁字路 丁香 戴着 姜汁 叶子 杜绝 谢谢
    谢绝 曹妃甸 董事 董事长 邓州 安全 安装 安徽 安置 全体 全家 全部 全市 单位 单元 单车 连续
    关于 关系 强烈 经常 经理 计划 边上 国家 国企 明天 和平 都是 向阳 侯车 候车 宁可 项圈 严禁
    夏天 夏季 凌晨 任课 任性 游乐 范围 展览 熊猫 毛坯 毛坯房 米饭 包月 管家 童装 路人 路口 路灯
    路面 路边 马驹桥 马连洼 何家 余款 文员 史家 顾问 常务 时代 代驾 纪委 计生 康养 金店 石材
    白酒 龙虾 万元 高考 高龄 高三 高二 高一 高管 商户 商家 商场 商贩 花店 水果 车间 车站 房产
    房客 皮肤 皮具 强制 强行 连锁 连日 左右 左边 左侧 楼上 楼下 楼道 池塘 海边 青少年 付款 付费
    付出 付清 付钱 付完 付了 庄园 庄严 庄稼 盛世 盛大 盛夏 景区 景观 景点 景色 甘蔗 甘肃 谷物
    章程 章节 尤其 应该 应当 应急 应付 应聘 应届 应有 应收 应如何 桂林 桂花 占用 占道 占地 占据
    占着 占位 占领 占有 占比 蓝天 蓝色 蓝牙 蓝城 沙子 沙坡 沙发 沙滩 沙土 沙石 费用 丛林 迟到
    迟迟 迟缓 盖章 盖房 盖楼 宫殿 阳光 阳台 阳性 阳历 荣誉 荣获 荣山 燕子 燕窝 冷库 冷气 冷水
    冷饮 冷漠 冷冻 封闭 封路 封锁 封条 封住 封堵 仲裁 宿舍 宿管 晋升 晋江 植物 植树 植被 麻烦
    麻将 麻辣 麻木 幸好 幸亏 幸运 幸福 曲折 曲线 丘陵 伏天 符合 符号 云龙 云南 云集 云海 云计算
    云端 羊肉 羊山 蒙古 蒙蔽 蒙骗 羊水 华东 华中 华侨 华夏 楚南 吉安 吉他 吉利 吉祥 吉林 薄弱
    薄膜 容易 容量 容忍 容许 容积 劳动 劳务 劳工 劳资 劳保 劳累 丰田 丰富 丰收 农民 农村 农业
    农田 农历 农贸 农垦 农户 农家 农药 农场 农产 农行 农商 农信 楚雄 乐东 乐天 乐园 乐器 乐队
    乐城 巫师 牧场 牧民 冀州 柏油 柏树 柏景 巢穴 师傅 师范 师生 师父 红灯 红色 红线 红绿灯 红包
    红旗 初中 初期 初步 初次 初始 修理 修建 修路 修车 修复 修好 修缮 修补 修改 练习 练车 闻到
    旷工 旷课 操作 操场 卓越 鲍鱼 骆驼 萧山 刁难 厉害 鞠躬
"""
LURES = frozenset(_LURES_WORDS.split())
#: How the lures begin, for a quick look.
LURE_LENGTHS = (2, 3, 4)
