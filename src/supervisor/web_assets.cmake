# stirbar_web_assets: the files of web/dist as one array (publish/web_assets.h), gzip-compressed.
# Built by npm when web/dist is missing or older than its sources.
set(web_dir ${PROJECT_SOURCE_DIR}/web)
set(web_index ${web_dir}/dist/index.html)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web_dir}/src/*)
find_program(NPM npm)
if(NPM)
  add_custom_command(
    OUTPUT ${web_index}
    COMMAND ${CMAKE_COMMAND} -E env ${web_dir}/build.sh
    DEPENDS ${web_sources} ${web_dir}/build.sh ${web_dir}/index.html ${web_dir}/package.json
            ${web_dir}/package-lock.json ${web_dir}/tsconfig.json ${web_dir}/vite.config.ts
    WORKING_DIRECTORY ${web_dir}
    COMMENT "Building the web page (npm)")
elseif(NOT EXISTS ${web_index})
  message(FATAL_ERROR "web/dist is missing and npm was not found: install Node.js 20 or newer with npm "
                      "(Debian: apt-get install nodejs npm), or build from a release archive")
endif()
find_package(Python COMPONENTS Interpreter REQUIRED)
set(web_assets_cc ${CMAKE_CURRENT_BINARY_DIR}/web_assets.cc)
add_custom_command(
  OUTPUT ${web_assets_cc}
  COMMAND Python::Interpreter ${PROJECT_SOURCE_DIR}/scripts/embed_web_assets.py ${web_dir}/dist ${web_assets_cc}
  DEPENDS ${web_index} ${PROJECT_SOURCE_DIR}/scripts/embed_web_assets.py
  COMMENT "Embedding the web page")
add_library(stirbar_web_assets STATIC ${web_assets_cc})
target_include_directories(stirbar_web_assets PUBLIC ${PROJECT_SOURCE_DIR}/src)
