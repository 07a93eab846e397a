//! Names of people. Frequencies are those of the census of China (2020) and of censuses of English-speaking countries.

/// Family names of one character that nearly all people in China have one of.
pub(super) const SURNAMES: &str = "\
王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖\
贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申\
欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司\
卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝\
官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋\
相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由";

/// Family names of two characters.
pub(super) const SURNAMES_OF_TWO: [&str; 24] = [
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "端木",
    "轩辕", "长孙", "宇文", "独孤", "南宫", "百里", "呼延", "东郭", "闻人", "澹台", "淳于",
];

/// The twenty most frequent: more than half of all people.
pub(super) const FREQUENT_SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗";

/// Given names, in small letters, but for those that are other words too: goods are called so.
pub(super) const LATIN_GIVEN: &str = "\
james john robert michael william david richard charles joseph thomas christopher daniel paul mark donald george kenneth steven \
edward brian ronald anthony kevin jason matthew gary timothy jose larry jeffrey frank scott eric stephen andrew raymond gregory \
joshua jerry dennis walter patrick peter harold douglas henry carl arthur ryan roger joe juan jack albert jonathan justin terry \
gerald keith samuel willie ralph lawrence nicholas roy benjamin bruce brandon adam harry fred wayne billy steve louis jeremy \
aaron randy howard eugene carlos russell bobby victor martin ernest phillip todd jesse craig alan shawn clarence sean philip \
chris johnny earl jimmy antonio danny bryan tony luis mike stanley leonard nathan dale manuel rodney curtis norman allen marvin \
vincent glenn jeffery travis jeff chad jacob lee melvin alfred kyle francis bradley jesus herbert frederick ray joel edwin don \
eddie ricky troy randall barry alexander bernard mario leroy francisco marcus micheal theodore clifford miguel oscar jay jim tom \
calvin alex jon ronnie bill lloyd tommy leon derek warren darrell jerome floyd leo alvin tim wesley gordon dean greg jorge \
dustin pedro derrick dan lewis zachary corey herman maurice vernon roberto clyde glen hector shane ricardo sam rick lester brent \
ramon charlie tyler gilbert gene oliver liam noah ethan logan lucas aiden elijah jayden owen caleb evan mary patricia linda \
barbara elizabeth jennifer maria susan margaret dorothy lisa nancy karen betty helen sandra donna carol ruth sharon michelle \
laura sarah kimberly deborah jessica shirley cynthia angela melissa brenda amy anna rebecca virginia kathleen pamela martha \
debra amanda stephanie carolyn christine marie janet catherine frances ann joyce diane alice julie heather teresa doris gloria \
evelyn jean cheryl mildred katherine joan ashley judith janice kelly nicole judy christina kathy theresa beverly denise tammy \
irene jane lori rachel marilyn andrea kathryn louise sara anne jacqueline wanda bonnie julia lois tina phyllis norma paula diana \
annie lillian emily robin peggy gladys rita connie florence tracy edna tiffany carmen rosa cindy wendy victoria edith kim sherry \
sylvia josephine thelma shannon sheila ethel ellen elaine marjorie carrie charlotte monica esther pauline emma juanita anita \
rhonda eva debbie leslie clara lucille jamie joanne eleanor valerie danielle megan alicia suzanne michele gail bertha darlene \
veronica jill erin geraldine lauren cathy joann lorraine lynn sally regina erica beatrice dolores bernice audrey yvonne annette \
samantha marion dana stacy ana renee ida vivian roberta holly brittany melanie loretta yolanda jeanette laurie katie kristen \
vanessa alma sue elsie beth jeanne olivia sophia isabella ava mia abigail madison chloe ella harper avery sofia scarlett zoe \
hannah natalie claire hans klaus jürgen wolfgang uwe stefan andreas matthias tobias felix jonas lukas finn ursula monika petra \
sabine renate helga heike anja katharina lena lea pierre michel andré philippe alain jacques nicolas julien sophie camille \
élodie manon inès giuseppe giovanni luigi francesco marco luca giulia chiara javier pablo sergio lucía marta joão rafael \
fernanda camila ahmed mohammed muhammad ali omar hassan fatima aisha ivan dmitri sergei olga natasha yuki hiroshi kenji sakura \
raj priya amit anil sunita";

/// Family names, in small letters; those of China as they are read. Colours and materials are left out.
pub(super) const LATIN_FAMILY: &str = "\
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor \
moore jackson martin lee perez thompson harris sanchez clark ramirez lewis robinson walker young allen king wright scott torres \
nguyen hill flores adams nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz \
edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard \
ramos kim cox ward richardson watson brooks chavez wood james bennett mendoza ruiz hughes alvarez castillo sanders patel myers \
ross foster jimenez powell jenkins perry russell sullivan coleman butler henderson barnes gonzales fisher vasquez simmons romero \
jordan patterson alexander hamilton graham reynolds griffin wallace moreno cole hayes bryant herrera gibson ellis tran medina \
aguilar stevens murray ford castro marshall owens harrison fernandez mcdonald woods washington kennedy wells vargas henry chen \
freeman webb tucker guzman burns crawford olson simpson porter hunter gordon mendez silva shaw snyder mason dixon munoz hunt \
hicks holmes palmer wagner robertson boyd salazar warren meyer schmidt garza daniels ferguson nichols stephens soto weaver ryan \
gardner payne grant dunn kelley spencer hawkins arnold pierce hansen peters santos hart bradley knight elliott cunningham duncan \
armstrong hudson carroll riley andrews alvarado ray delgado berry perkins hoffman johnston matthews pena richards contreras \
willis carpenter lawrence sandoval schneider fischer weber becker schulz koch bauer richter klein wolf schröder neumann schwarz \
zimmermann braun krüger hofmann hartmann lange bernard dubois durand moreau laurent simon lefebvre leroy roux rossi russo \
ferrari esposito bianchi romano colombo ricci oliveira souza pereira costa ivanov smirnov petrov tanaka suzuki sato takahashi \
watanabe yamamoto park choi singh kumar sharma khan wang li zhang liu yang huang zhao wu zhou xu sun ma zhu hu guo he gao lin \
luo zheng liang xie song tang han feng deng cao peng zeng xiao tian dong yuan pan yu jiang cai du ye cheng su wei lu ding ren \
shen yao cui zhong tan fan jin shi liao jia xia fu fang bai zou meng xiong qin qiu yin xue yan duan lei hou tao gu mao hao gong \
shao wan qian dai mo kong xiang chang wen kang wong chan cheung leung ng lam abbott adkins aguirre allison atkins austin baldwin \
ballard barber barker barnett barrett barton bass bates beck benson berg bishop blair blake bowen bowers bowman boone brady \
briggs brock bruce bryan buchanan burke burnett burton byrd cain caldwell cannon carr carlson carson casey chambers chandler \
chapman christensen clarke clayton cobb cohen colon combs conner conley cortez craig cummings curry dalton daniel davidson \
dawson decker dennis doyle drake dudley dunlap dyer eaton erickson espinoza estrada farrell figueroa fitzgerald fleming fletcher \
flynn foley francis franklin frazier fuller gallagher garner garrett gibbs gilbert gill glover goodman goodwin graves greene \
greer gregory hale hammond hampton hancock hanson harding hardy harmon harrington harvey haynes hebert hensley herman hess \
higgins hines hobbs hodges hogan holland holloway holt hoover hopkins horton houston howe hubbard huff humphrey hurst ingram \
jacobs jacobson jarvis jefferson jensen jennings keller kemp kerr kline knapp kramer lambert larson lawson lara leblanc leonard \
lindsey lloyd lucas luna lynch lyons maddox malone manning marquez massey mathis maxwell mccarthy mccormick mccoy mcdaniel mcgee \
mckinney mclaughlin mejia melton mercer merritt middleton molina montgomery montoya moody moran morrison morrow mullen mullins \
nash navarro neal newman newton nolan norris norton nunez obrien oconnor odonnell oneal orozco osborne padilla parrish parsons \
patton pearson pennington phelps pittman potter preston quinn ramsey randall rangel rasmussen reeves reid reilly reese rhodes \
rios robbins robles rodgers rojas roman rowe rowland salinas santana santiago saunders sawyer schmitt schultz schwartz sears \
serrano shelton shepherd sheppard sherman sims skinner sloan solis sosa stafford stanley stein stephenson stevenson stokes \
strickland sutton swanson sweeney tate thornton todd townsend trujillo trevino tyler underwood valdez valencia valentine vance \
vaughn vega velasquez velez villarreal walsh walton watkins watts weeks weiss whitaker whitehead wiggins wilcox wiley wilkerson \
wilkins wilkinson williamson wolfe woodard woodward wyatt yates zimmerman";
