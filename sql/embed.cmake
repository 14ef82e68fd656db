# cmake -DDATABASE=sqlite -DOUTPUT=migrations.c -P embed.cmake
# Writes the migrations of one database as C: of each number its own file in sql/DATABASE, else the shared one.
file(GLOB shared RELATIVE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/[0-9]*.sql)
file(GLOB own RELATIVE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/${DATABASE}/[0-9]*.sql)
foreach(path IN LISTS shared own)
    string(REGEX MATCH "([0-9][0-9][0-9][0-9])_([a-z_]+)\\.sql$" matched ${path})
    set(path_${CMAKE_MATCH_1} ${path})
    set(name_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    list(APPEND numbers ${CMAKE_MATCH_1})
endforeach()
list(REMOVE_DUPLICATES numbers)
list(SORT numbers)

set(texts "")
set(rows "")
foreach(number IN LISTS numbers)
    file(READ ${CMAKE_CURRENT_LIST_DIR}/${path_${number}} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND texts "static const unsigned char text_${number}[] = {${bytes} 0};\n")
    math(EXPR value "1${number} - 10000")
    string(APPEND rows "    {${value}, \"${name_${number}}\", (const char *)text_${number}},\n")
endforeach()
list(LENGTH numbers count)
set(roles "")
if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/${DATABASE}/roles.sql)
    file(READ ${CMAKE_CURRENT_LIST_DIR}/${DATABASE}/roles.sql hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    set(roles "extern const char fy_${DATABASE}_roles[];\nconst char fy_${DATABASE}_roles[] = {${bytes} 0};\n")
endif()
file(WRITE ${OUTPUT}
"/* Made from sql/ by sql/embed.cmake. */
#include \"store/migrate.h\"

${texts}
static const struct fy_migration migrations[] = {
${rows}};
const struct fy_migrations fy_${DATABASE}_migrations = {migrations, ${count}};
${roles}")
