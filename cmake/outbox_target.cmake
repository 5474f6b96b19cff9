# What every target of ours is compiled with; never forced on users of the library.
function(outbox_target name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(OUTBOX_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
  if(OUTBOX_MUTANTS)
    target_compile_definitions(${name} PRIVATE OUTBOX_MUTANTS)
  endif()
  if(OUTBOX_SANITIZE)
    # GCC 12 takes instrumented library code (std::regex) for uninitialized.
    target_compile_options(${name} PRIVATE -fsanitize=${OUTBOX_SANITIZE} -fno-omit-frame-pointer
      -Wno-maybe-uninitialized)
    target_link_options(${name} PRIVATE -fsanitize=${OUTBOX_SANITIZE})
    if(OUTBOX_SANITIZE STREQUAL "thread")
      target_link_options(${name} PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/tsan.map)
    endif()
  endif()
endfunction()

# A static library of one folder of src/: all its .cc files.
function(outbox_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  outbox_target(${name})
endfunction()
