# SPDX-License-Identifier: Apache-2.0
# Compiler settings and the three helpers every folder uses:
#   frugal_library(name SOURCES ... LINKS ... [PRIVATE_LINKS ...])      C++20 library of the gateway
#   frugal_c_library(name SOURCES ... LINKS ...)    C99 library of the device: no libc beyond string.h
#   frugal_test(name SOURCES ... LINKS ... [LABELS ...] [TIMEOUT s])    one GoogleTest executable
#                   its label is "unit" unless LABELS holds integration, simulation or powercut

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
# Libraries that a program loads when it needs them lie beside it, built and installed alike.
set(FRUGAL_LIBRARY_DIR ${CMAKE_BINARY_DIR}/lib/frugal)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(FRUGAL_CCACHE ccache)
if(FRUGAL_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${FRUGAL_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${FRUGAL_CCACHE})
endif()

# toml++ 3.0 asserts on some malformed keys before it reports them; input must never end a process.
find_package(tomlplusplus REQUIRED GLOBAL)
target_compile_options(tomlplusplus::tomlplusplus INTERFACE
    "-DTOML_ASSERT(expression)=static_cast<void>(0)")

add_library(frugal_warnings INTERFACE)
target_compile_options(frugal_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
    $<$<NOT:$<BOOL:${FRUGAL_BUILD_FUZZERS}>>:-Werror>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wconversion>)

# Fuzzing needs the libraries instrumented too, or the fuzzer sees nothing of them.
if(FRUGAL_BUILD_FUZZERS)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
        message(FATAL_ERROR "fuzz targets need clang: cmake --preset fuzz")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Wno-error)
    add_link_options(-fsanitize=address,undefined)
endif()

if(FRUGAL_SANITIZE)
    add_compile_options(-fsanitize=${FRUGAL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FRUGAL_SANITIZE})
    # Instrumented code hides assignments from GCC's flow analysis: it then warns inside the standard library.
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
    endif()
    if(FRUGAL_SANITIZE MATCHES thread)
        add_compile_options(-Wno-tsan)
    endif()
endif()

function(frugal_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/gateway)
    target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE frugal_warnings ${arg_PRIVATE_LINKS})
endfunction()

function(frugal_c_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/device/include
        PRIVATE ${PROJECT_SOURCE_DIR}/device/src)
    target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE frugal_warnings)
endfunction()

# What scripts/check and the sanitizer run build: the unit tests and nothing else.
add_custom_target(frugal_unit_tests)

function(frugal_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE frugal_warnings ${arg_LINKS} GTest::gtest_main GTest::gmock)
    target_compile_definitions(${name} PRIVATE FRUGAL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 900)
    endif()
    set(labels ${arg_LABELS})
    if(NOT labels MATCHES "integration|simulation|powercut")
        list(PREPEND labels unit)
        add_dependencies(frugal_unit_tests ${name})
    endif()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${labels}")
endfunction()
