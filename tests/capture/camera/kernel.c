/* A USB camera without hardware, for a process that has this library preloaded: whatever is opened below $CAMERA_NODES
 * as video0 answers as a Video4Linux driver does, so that everything above the system calls is real. video1 is the
 * camera's second node, for metadata. It sees a red wall on the left and a blue one on the right, 30 times a second; its
 * compressed picture is the file "picture.jpg" (1280 x 720). Files in that folder say how it behaves:
 *
 * "hang"       no call for a picture returns
 * "raw"        it knows no compressed pictures
 * "damaged"    compressed pictures are garbage
 *
 * Removing the node unplugs it. While one process has buffers, another is told that it is busy. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
enum { NODES = 64, BUFFERS = 8, BYTES = 1280 * 720 * 2 };

struct node {
    int used, lock, metadata;
    uint32_t format, width, height, buffers, queued[BUFFERS], first, waiting, sequence;
    uint8_t *memory[BUFFERS];
    char path[4096];
};

static struct node nodes[NODES]; /* by file descriptor */

static const char *beside(const char *name)
{
    static char buffer[4096];
    snprintf(buffer, sizeof buffer, "%s/%s", getenv("CAMERA_NODES"), name);
    return buffer;
}

static int there(const char *name) { return access(beside(name), F_OK) == 0; }

static int fail(int number)
{
    errno = number;
    return -1;
}

static int open_node(const char *path, int *is_ours)
{
    const char *folder = getenv("CAMERA_NODES");
    *is_ours = folder && strncmp(path, folder, strlen(folder)) == 0 && strstr(path, "/video");
    if (!*is_ours)
        return -1;
    int lock = NEXT(open)(path, O_RDWR | O_CLOEXEC);
    if (lock < 0)
        return -1;
    int handle = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec every = {{0, 33333333}, {0, 33333333}};
    timerfd_settime(handle, 0, &every, NULL);
    if (handle >= NODES)
        abort();
    memset(&nodes[handle], 0, sizeof *nodes);
    nodes[handle] = (struct node){.used = 1, .lock = lock, .format = V4L2_PIX_FMT_YUYV, .width = 640, .height = 480};
    nodes[handle].metadata = strstr(path, "video1") != NULL;
    snprintf(nodes[handle].path, sizeof nodes[handle].path, "%s", path);
    return handle;
}

static int open_any(const char *name, const char *path, int flags, mode_t mode)
{
    int is_ours, handle = open_node(path, &is_ours);
    if (is_ours)
        return handle;
    return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, name))(path, flags, mode);
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list list; \
        va_start(list, flags); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_any("open", path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_any("open64", path, flags, mode); }
int __open_2(const char *path, int flags) { return open_any("open", path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any("open64", path, flags, 0); }

static struct node *ours(int handle) { return handle >= 0 && handle < NODES && nodes[handle].used ? &nodes[handle] : NULL; }

int close(int handle)
{
    struct node *node = ours(handle);
    if (node) {
        node->used = 0;
        NEXT(close)(node->lock);
    }
    return NEXT(close)(handle);
}

static void *map(struct node *node, off_t offset)
{
    void *memory = NEXT(mmap)(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    node->memory[offset / BYTES] = memory;
    return memory;
}

void *mmap(void *address, size_t length, int protection, int flags, int handle, off_t offset)
{
    struct node *node = ours(handle);
    return node ? map(node, offset) : NEXT(mmap)(address, length, protection, flags, handle, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int handle, off_t offset)
{
    struct node *node = ours(handle);
    return node ? map(node, offset) : NEXT(mmap64)(address, length, protection, flags, handle, offset);
}

static uint32_t picture(struct node *node, uint8_t *memory)
{
    if (node->format == V4L2_PIX_FMT_MJPEG) {
        if (there("damaged")) {
            memset(memory, 0x5a, 5000);
            return 5000;
        }
        int file = NEXT(open)(beside("picture.jpg"), O_RDONLY);
        ssize_t size = read(file, memory, BYTES);
        NEXT(close)(file);
        return size > 0 ? size : 0;
    }
    for (uint32_t pair = 0; pair < node->width * node->height / 2; pair++) {
        int red = pair % (node->width / 2) < node->width / 4;
        uint8_t values[] = {red ? 81 : 41, red ? 90 : 240, red ? 81 : 41, red ? 240 : 110};
        memcpy(memory + 4 * pair, values, 4);
    }
    return node->width * node->height * 2;
}

static void settle(struct v4l2_pix_format *pix)
{
    int large = pix->width > 960;
    pix->width = large ? 1280 : 640;
    pix->height = large ? 720 : 480;
    if (pix->pixelformat != V4L2_PIX_FMT_MJPEG || there("raw"))
        pix->pixelformat = V4L2_PIX_FMT_YUYV;
    pix->field = V4L2_FIELD_NONE;
    pix->bytesperline = pix->pixelformat == V4L2_PIX_FMT_YUYV ? pix->width * 2 : 0;
    pix->sizeimage = BYTES;
}

static int dequeue(int handle, struct node *node, struct v4l2_buffer *buffer)
{
    uint64_t ticks;
    while (there("hang"))
        usleep(10000);
    if (!node->waiting || read(handle, &ticks, sizeof ticks) < 0)
        return fail(EAGAIN);
    buffer->index = node->queued[node->first];
    node->first = (node->first + 1) % BUFFERS;
    node->waiting--;
    buffer->bytesused = picture(node, node->memory[buffer->index]);
    buffer->length = BYTES;
    buffer->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_DONE;
    buffer->sequence = node->sequence++;
    return 0;
}

static int answer(int handle, struct node *node, unsigned long request, void *data)
{
    struct v4l2_format *format = data;
    struct v4l2_requestbuffers *wanted = data;
    struct v4l2_buffer *buffer = data;
    struct v4l2_capability *capability = data;
    if (access(node->path, F_OK) != 0)
        return fail(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP:
        memset(capability, 0, sizeof *capability);
        strcpy((char *)capability->driver, "uvcvideo");
        strcpy((char *)capability->card, "Test Camera");
        capability->device_caps = (node->metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE) | V4L2_CAP_STREAMING;
        capability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        return 0;
    case VIDIOC_G_FMT:
        format->fmt.pix = (struct v4l2_pix_format){.width = node->width, .height = node->height, .pixelformat = node->format};
        settle(&format->fmt.pix);
        return 0;
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT:
        if (node->metadata || format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return fail(EINVAL);
        settle(&format->fmt.pix);
        if (request == VIDIOC_S_FMT) {
            if (node->buffers)
                return fail(EBUSY);
            node->width = format->fmt.pix.width;
            node->height = format->fmt.pix.height;
            node->format = format->fmt.pix.pixelformat;
        }
        return 0;
    case VIDIOC_REQBUFS:
        if (wanted->memory != V4L2_MEMORY_MMAP || node->metadata)
            return fail(EINVAL);
        if (wanted->count && flock(node->lock, LOCK_EX | LOCK_NB) != 0)
            return fail(EBUSY);
        if (wanted->count > BUFFERS)
            wanted->count = BUFFERS;
        node->buffers = wanted->count;
        node->first = node->waiting = 0;
        if (!wanted->count)
            flock(node->lock, LOCK_UN);
        return 0;
    case VIDIOC_QUERYBUF:
        if (buffer->index >= node->buffers)
            return fail(EINVAL);
        buffer->length = BYTES;
        buffer->m.offset = buffer->index * BYTES;
        return 0;
    case VIDIOC_QBUF:
        node->queued[(node->first + node->waiting++) % BUFFERS] = buffer->index;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(handle, node, buffer);
    case VIDIOC_STREAMON:
        return 0;
    case VIDIOC_STREAMOFF:
        node->waiting = 0;
        return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
        ((struct v4l2_streamparm *)data)->parm.capture.timeperframe = (struct v4l2_fract){1, 30};
        return 0;
    }
    return fail(ENOTTY);
}

int ioctl(int handle, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *data = va_arg(list, void *);
    va_end(list);
    request &= 0xffffffff;
    struct node *node = ours(handle);
    return node ? answer(handle, node, request, data) : NEXT(ioctl)(handle, request, data);
}
