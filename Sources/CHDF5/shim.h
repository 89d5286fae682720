#ifndef OPTSTATE_CHDF5_SHIM_H
#define OPTSTATE_CHDF5_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Debian keeps the headers of the build without MPI in a folder of their own. */
#if __has_include(<hdf5/serial/hdf5.h>)
#include <hdf5/serial/hdf5.h>
#else
#include <hdf5.h>
#endif
#if H5_VERSION_GE(1, 13, 0)
#if __has_include(<hdf5/serial/H5FDdevelop.h>)
#include <hdf5/serial/H5FDdevelop.h>
#else
#include <H5FDdevelop.h>
#endif
#endif

/* Swift imports neither libhdf5's macros nor its mutable globals: each that is needed is a function
 * here. Identifiers of predefined types must not be closed. */

static inline unsigned optstate_h5f_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned optstate_h5f_create_new(void) { return H5F_ACC_EXCL; }

static inline hid_t optstate_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t optstate_h5p_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t optstate_h5p_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t optstate_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t optstate_h5p_link_create(void) { return H5P_LINK_CREATE; }

static inline hid_t optstate_h5t_c_string(void) { return H5T_C_S1; }
static inline hid_t optstate_h5t_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t optstate_h5t_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t optstate_h5t_int8(void) { return H5T_STD_I8LE; }
static inline hid_t optstate_h5t_int16(void) { return H5T_STD_I16LE; }
static inline hid_t optstate_h5t_int32(void) { return H5T_STD_I32LE; }
static inline hid_t optstate_h5t_int64(void) { return H5T_STD_I64LE; }
static inline hid_t optstate_h5t_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t optstate_h5t_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t optstate_h5t_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t optstate_h5t_uint64(void) { return H5T_STD_U64LE; }

static inline size_t optstate_h5t_variable(void) { return H5T_VARIABLE; }
static inline haddr_t optstate_haddr_undefined(void) { return HADDR_UNDEF; }

/* The library prints its error stack unless told otherwise; each thread has its own setting. */
static inline herr_t optstate_h5e_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

typedef void (*optstate_h5e_visitor)(void *context, const char *function, const char *message);

typedef struct {
  optstate_h5e_visitor visit;
  void *context;
} optstate_h5e_walk;

static inline herr_t optstate_h5e_forward(unsigned n, const H5E_error2_t *error, void *data) {
  (void)n;
  optstate_h5e_walk *walk = (optstate_h5e_walk *)data;
  walk->visit(walk->context, error->func_name, error->desc);
  return 0;
}

/* Calls `visit` for each frame of this thread's error stack, outermost first. */
static inline void optstate_h5e_frames(optstate_h5e_visitor visit, void *context) {
  optstate_h5e_walk walk = {visit, context};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, optstate_h5e_forward, &walk);
}

/* A read-only file driver for HDF5 files that lie inside another file: what the library takes for byte 0
 * is byte `start`, and there is nothing behind `length`. */

typedef struct {
  haddr_t start;
  haddr_t length;
} optstate_window;

typedef struct {
  H5FD_t common;
  int descriptor;
  optstate_window window;
  haddr_t end_of_address;
} optstate_window_file;

/* Puts a failed call of the operating system on the error stack in the words of libhdf5's own drivers. */
static inline void optstate_window_fail(const char *action) {
  H5Epush2(H5E_DEFAULT, "shim.h", "optstate_window", __LINE__, H5E_ERR_CLS, H5E_IO, H5E_READERROR,
           "%s failed: errno = %d, error message = '%s'", action, errno, strerror(errno));
}

static inline H5FD_t *optstate_window_open(const char *name, unsigned flags, hid_t access, haddr_t most) {
  (void)most;
  const optstate_window *window = (const optstate_window *)H5Pget_driver_info(access);
  if (window == NULL || (flags & H5F_ACC_RDWR) != 0) return NULL;
  optstate_window_file *file = (optstate_window_file *)calloc(1, sizeof *file);
  if (file == NULL) return NULL;
  file->descriptor = open(name, O_RDONLY | O_CLOEXEC);
  if (file->descriptor < 0) {
    optstate_window_fail("opening the file");
    free(file);
    return NULL;
  }
  file->window = *window;
  return &file->common;
}

static inline herr_t optstate_window_close(H5FD_t *common) {
  optstate_window_file *file = (optstate_window_file *)common;
  close(file->descriptor);
  free(file);
  return 0;
}

static inline herr_t optstate_window_query(const H5FD_t *common, unsigned long *features) {
  (void)common;
  if (features != NULL) *features = 0;
  return 0;
}

static inline haddr_t optstate_window_eoa(const H5FD_t *common, H5FD_mem_t type) {
  (void)type;
  return ((const optstate_window_file *)common)->end_of_address;
}

static inline herr_t optstate_window_set_eoa(H5FD_t *common, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((optstate_window_file *)common)->end_of_address = address;
  return 0;
}

static inline haddr_t optstate_window_eof(const H5FD_t *common, H5FD_mem_t type) {
  (void)type;
  return ((const optstate_window_file *)common)->window.length;
}

static inline herr_t optstate_window_read(H5FD_t *common, H5FD_mem_t type, hid_t transfer, haddr_t address,
                                          size_t size, void *buffer) {
  (void)type;
  (void)transfer;
  const optstate_window_file *file = (const optstate_window_file *)common;
  if (address > file->window.length || size > file->window.length - address) return -1;
  char *rest = (char *)buffer;
  off_t offset = (off_t)(file->window.start + address);
  while (size > 0) {
    ssize_t count = pread(file->descriptor, rest, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) optstate_window_fail("reading the file");
    if (count <= 0) return -1;
    rest += count;
    offset += count;
    size -= (size_t)count;
  }
  return 0;
}

static inline herr_t optstate_window_write(H5FD_t *common, H5FD_mem_t type, hid_t transfer, haddr_t address,
                                           size_t size, const void *buffer) {
  (void)common, (void)type, (void)transfer, (void)address, (void)size, (void)buffer;
  return -1;
}

/* The driver's identifier, to be released with H5Idec_ref. */
static inline hid_t optstate_window_driver(void) {
  static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
      .version = H5FD_CLASS_VERSION,
      .value = 517,
#endif
      .name = "optstate_window",
      .maxaddr = HADDR_MAX,
      .fc_degree = H5F_CLOSE_WEAK,
      .fapl_size = sizeof(optstate_window),
      .open = optstate_window_open,
      .close = optstate_window_close,
      .query = optstate_window_query,
      .get_eoa = optstate_window_eoa,
      .set_eoa = optstate_window_set_eoa,
      .get_eof = optstate_window_eof,
      .read = optstate_window_read,
      .write = optstate_window_write,
      .fl_map = H5FD_FLMAP_DICHOTOMY,
  };
  return H5FDregister(&driver);
}

static inline herr_t optstate_window_select(hid_t access, hid_t driver, haddr_t start, haddr_t length) {
  const optstate_window window = {start, length};
  return H5Pset_driver(access, driver, &window);
}

#endif
