// Calls of the operating system that Swift's modules of the C library leave out.

#ifndef OPTSTATE_EXCHANGE_H
#define OPTSTATE_EXCHANGE_H

// Gives each of two paths what stands at the other, in one step that nothing can interrupt. Returns 0, or -1 with
// errno set: EINVAL or ENOSYS where the file system cannot do it.
int optstate_exchange(const char *_Nonnull one, const char *_Nonnull other);

#endif
