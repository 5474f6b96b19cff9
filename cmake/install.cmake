include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS outbox outbox_inbox outbox_relay_lib outbox_store outbox_kafka outbox_base EXPORT outbox-targets)
install(DIRECTORY include/outbox DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT outbox-targets NAMESPACE outbox:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/outbox)
configure_package_config_file(cmake/outbox-config.cmake.in outbox-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/outbox)
write_basic_package_version_file(outbox-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/outbox-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/outbox-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/outbox)
if(TARGET outbox-relay)
  install(TARGETS outbox-relay)
endif()
