# One set of compiler flags for everything that is built here.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)

add_compile_definitions(_GNU_SOURCE FERRY_VERSION="${PROJECT_VERSION}")
add_compile_options(
    -Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings
    -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Wswitch-enum
    -fno-common -fstack-protector-strong)
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,--as-needed)

if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    # Assertions guard the journal; they stay in what operators run.
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
endif()

if(FERRY_TESTS)
    add_compile_definitions(FERRY_POINTS) # crash points, see engine/base/point.h
endif()
if(FERRY_SANITIZE)
    add_compile_options(-fsanitize=${FERRY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
    add_link_options(-fsanitize=${FERRY_SANITIZE})
endif()
if(FERRY_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()

find_program(FERRY_CCACHE ccache)
if(FERRY_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${FERRY_CCACHE})
endif()
