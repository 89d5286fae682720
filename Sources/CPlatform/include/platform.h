// Calls of the operating system that Swift's modules of the C library leave out.

#ifndef OPTSTATE_PLATFORM_H
#define OPTSTATE_PLATFORM_H

// Gives each of two paths what stands at the other, in one step that nothing can interrupt. Returns 0, or -1 with
// errno set: EINVAL or ENOSYS where the file system cannot do it.
int optstate_exchange(const char *_Nonnull one, const char *_Nonnull other);

// Opens a file that never has a name and vanishes with its last user. Returns a descriptor, or -1 with errno set:
// EOPNOTSUPP, EISDIR or EINVAL where the system or the file system cannot do it.
int optstate_open_unnamed(const char *_Nonnull directory);

// Has the system kill this process as soon as the thread that started it ends, where the system can.
void optstate_end_with_parent(void);

#endif
