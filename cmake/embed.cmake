# SPDX-License-Identifier: Apache-2.0
# cmake -P: writes OUTPUT, a C++ file that holds INPUT as `const unsigned char NAME[]` and its size.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "extern const unsigned char ${NAME}[];\nextern const unsigned long ${NAME}_size;\nconst unsigned char ${NAME}[] = {${bytes}0};\nconst unsigned long ${NAME}_size = sizeof(${NAME}) - 1;\n")
