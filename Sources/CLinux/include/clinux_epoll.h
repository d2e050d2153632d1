// SPDX-License-Identifier: Apache-2.0
#pragma once
// Swift's module of the C library leaves these headers out; nothing here is ours.
#include <sys/epoll.h>
#include <sys/eventfd.h>
