# What is installed where, and the Debian package of it (scripts/package.sh).

install(TARGETS leat RUNTIME DESTINATION bin)
install(FILES deploy/systemd/leat.service DESTINATION /usr/lib/systemd/system)
install(FILES deploy/debian/leat.yaml DESTINATION /etc/leat)
install(FILES README.md deploy/prometheus/leat.rules.yml deploy/grafana/leat.json DESTINATION share/doc/leat)
install(DIRECTORY docs/ DESTINATION share/doc/leat FILES_MATCHING PATTERN "*.md" PATTERN adr EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME leat)
set(CPACK_PACKAGE_VENDOR Leat)
set(CPACK_PACKAGE_CONTACT "Leat <leat@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "passwd, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "change data capture server
 Reads the committed row changes of PostgreSQL databases, keeps them in a
 durable change log, and delivers them in order to any number of readers.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
    ${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
