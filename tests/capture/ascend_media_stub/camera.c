/* The camera half of Huawei's media library, without a board: one camera at channel 0 that sees a red wall on the left
 * and a blue one on the right. Files in the folder $CAMERA_STUB say how it behaves: "absent", "taken" (by another
 * program), "hang", "short" (pictures cut off). While it is open there is the file "open". */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 1, FAILED = 0 };
enum { STATUS_OPEN = 1, STATUS_CLOSED = 2, STATUS_NONE = 3 };
enum { RESOLUTION = 1, RATE = 2, FORMAT = 3, MODE = 5 };

struct resolution { int width; int height; };

static const struct resolution SIZES[] = {{1920, 1080}, {1280, 720}, {704, 576}, {704, 288}, {352, 288}};
static struct resolution size;
static int rate, format, mode;

static const char *path(const char *name)
{
    static char buffer[4096];
    const char *folder = getenv("CAMERA_STUB");
    snprintf(buffer, sizeof buffer, "%s/%s", folder ? folder : "/nonexistent", name);
    return buffer;
}

static int there(const char *name) { return access(path(name), F_OK) == 0; }

__attribute__((weak)) int MediaLibInit(void) { return OK; }

int QueryCameraStatus(int id)
{
    if (id != 0 || there("absent"))
        return STATUS_NONE;
    return there("open") || there("taken") ? STATUS_OPEN : STATUS_CLOSED;
}

int OpenCamera(int id)
{
    if (id != 0 || there("absent") || there("taken"))
        return FAILED;
    FILE *mark = fopen(path("open"), "w");
    if (mark)
        fclose(mark);
    size.width = rate = format = mode = 0;
    return OK;
}

int SetCameraProperty(int id, int what, const void *value)
{
    int number = *(const int *)value;
    if (id != 0 || !there("open"))
        return FAILED;
    switch (what) {
    case RESOLUTION:
        for (unsigned i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
            if (memcmp(value, &SIZES[i], sizeof size) == 0) {
                size = SIZES[i];
                return OK;
            }
        return FAILED;
    case RATE:
        rate = number;
        return rate >= 1 && rate <= 20;
    case FORMAT:
        format = number;
        return format == 1;
    case MODE:
        mode = number;
        return mode == 1;
    }
    return FAILED;
}

int ReadFrameFromCamera(int id, void *data, int *bytes)
{
    const int needed = size.width * size.height * 3 / 2;
    while (there("hang"))
        usleep(10000);
    if (id != 0 || !rate || format != 1 || mode != 1 || *bytes < needed || there("absent"))
        return FAILED;
    usleep(1000000 / rate);
    uint8_t *luma = data, *chroma = luma + size.width * size.height;
    for (int y = 0; y < size.height; y++) {
        memset(luma + y * size.width, 81, size.width / 2);
        memset(luma + y * size.width + size.width / 2, 41, size.width / 2);
    }
    for (int y = 0; y < size.height / 2; y++)
        for (int x = 0; x < size.width; x += 2) {
            int red = x < size.width / 2;
            chroma[y * size.width + x] = red ? 90 : 240;
            chroma[y * size.width + x + 1] = red ? 240 : 110;
        }
    *bytes = there("short") ? needed / 2 : needed;
    return OK;
}

int CloseCamera(int id)
{
    if (id != 0)
        return FAILED;
    unlink(path("open"));
    return OK;
}
