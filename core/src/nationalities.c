#include "nationalities.h"

#include <stddef.h>
#include <string.h>

/* In the order of GB 3304-91. */
static const char *const nationalities[] = {
    "汉",     "蒙古",   "回",       "藏",     "维吾尔",   "苗",   "彝",     "壮",
    "布依",   "朝鲜",   "满",       "侗",     "瑶",       "白",   "土家",   "哈尼",
    "哈萨克", "傣",     "黎",       "傈僳",   "佤",       "畲",   "高山",   "拉祜",
    "水",     "东乡",   "纳西",     "景颇",   "柯尔克孜", "土",   "达斡尔", "仫佬",
    "羌",     "布朗",   "撒拉",     "毛南",   "仡佬",     "锡伯", "阿昌",   "普米",
    "塔吉克", "怒",     "乌孜别克", "俄罗斯", "鄂温克",   "德昂", "保安",   "裕固",
    "京",     "塔塔尔", "独龙",     "鄂伦春", "赫哲",     "门巴", "珞巴",   "基诺",
};

int wxid__is_nationality(const char *text)
{
    for (size_t i = 0; i < sizeof nationalities / sizeof nationalities[0]; i++) {
        size_t length = strlen(nationalities[i]);
        if (strncmp(text, nationalities[i], length) == 0 &&
            (text[length] == '\0' || strcmp(text + length, "族") == 0)) {
            return 1;
        }
    }
    return 0;
}
