# The three kinds of thing that are built: engine modules, plugins, tests.

# ferry_module(NAME SOURCES a.c b.c USES base journal lib::json)
# A folder of engine/ as a library, ferry_NAME. USES names modules by folder and system libraries by lib::name.
function(ferry_module name)
    cmake_parse_arguments(M "" "" "SOURCES;USES" ${ARGN})
    add_library(ferry_${name} STATIC ${M_SOURCES})
    target_include_directories(ferry_${name} PUBLIC ${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR}/engine/include)
    foreach(use IN LISTS M_USES)
        if(use MATCHES "::")
            target_link_libraries(ferry_${name} PUBLIC ${use})
        else()
            target_link_libraries(ferry_${name} PUBLIC ferry_${use})
        endif()
    endforeach()
endfunction()

# ferry_plugin(NAME SOURCES a.c LIBRARIES lib::json)
# An adapter, NAME.so, in build/.../plugins. It sees the public SDK and nothing else of ours.
function(ferry_plugin name)
    cmake_parse_arguments(P "" "" "SOURCES;LIBRARIES" ${ARGN})
    add_library(plugin_${name} MODULE ${P_SOURCES})
    set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    target_include_directories(plugin_${name} PRIVATE ${PROJECT_SOURCE_DIR}/engine/include)
    target_link_libraries(plugin_${name} PRIVATE ${P_LIBRARIES})
    install(TARGETS plugin_${name} LIBRARY DESTINATION lib/ferry/plugins)
endfunction()

# ferry_test(NAME SOURCES a.c USES journal lib::json [LABELS threads slow] [TIMEOUT 180] [UNDER program])
# A cmocka program registered with ctest as NAME, with the label unit and those given.
# UNDER: a program that prepares something and runs the test; it exits with 77 to have it skipped.
# Labels choose what `check` runs where: threads (also under tsan), slow (not under sanitizers or valgrind).
function(ferry_test name)
    cmake_parse_arguments(T "" "TIMEOUT;UNDER" "SOURCES;USES;LABELS" ${ARGN})
    add_executable(test_${name} ${T_SOURCES})
    foreach(use IN LISTS T_USES)
        if(use MATCHES "::")
            target_link_libraries(test_${name} PRIVATE ${use})
        else()
            target_link_libraries(test_${name} PRIVATE ferry_${use})
        endif()
    endforeach()
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_definitions(test_${name} PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}" BINARY_DIR="${CMAKE_BINARY_DIR}")
    target_link_libraries(test_${name} PRIVATE lib::cmocka)
    add_test(NAME ${name} COMMAND ${T_UNDER} $<TARGET_FILE:test_${name}>)
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 180) # for what hangs; a sanitizer on a busy machine is only slow
    endif()
    if(NOT "slow" IN_LIST T_LABELS)
        list(APPEND T_LABELS unit)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}" SKIP_RETURN_CODE 77)
endfunction()
