#ifndef OPTSTATE_CHDF5_SHIM_H
#define OPTSTATE_CHDF5_SHIM_H

#include <hdf5.h>

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

#endif
