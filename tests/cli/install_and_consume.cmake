# Installs the build into a fresh prefix and builds examples/ against it, as a user would.
# -DBUILD=... -DEXAMPLES=... -DWORK=... -DCXX=... -DGENERATOR=...
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${EXAMPLES} -B ${WORK}/build
  -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${FLAGS} -DCMAKE_BUILD_TYPE=Debug)
run(${CMAKE_COMMAND} --build ${WORK}/build)
if(NOT EXISTS ${WORK}/build/embed)
  message(FATAL_ERROR "the example was not built")
endif()
if(NOT EXISTS ${WORK}/prefix/bin/outbox-relay)
  message(FATAL_ERROR "outbox-relay was not installed")
endif()
file(REMOVE_RECURSE ${WORK})
