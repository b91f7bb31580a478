/* Stands in for the microphone of Huawei's media library, after its header peripheral_api.h.

   The file that STUB_MICROPHONE names says how the device is: "well", "absent", "busy" (open in another program),
   "dead" (every reading fails), "wedged" (a reading never returns) or "stuck" (closing never returns). It is read anew
   at every call. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILED = 0, OK = 1 };
enum { STATUS_OPEN = 1, STATUS_CLOSED = 2, STATUS_ABSENT = 3 };
enum { ACTIVE = 1 };
enum { WIDTH_16 = 1 };
enum { MONO = 0, STEREO = 1 };

struct MICProperties {
    int sample_rate, cap_mode, bit_width, frame_sample_rate, sound_mode;
};

static struct MICProperties properties;
static int initialised, opened;
static long given;

static int is(const char *state)
{
    char found[16] = "";
    const char *path = getenv("STUB_MICROPHONE");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (fscanf(file, "%15s", found) != 1)
            found[0] = 0;
        fclose(file);
    }
    return strcmp(found, state) == 0;
}

static int one_of(int value, const int *allowed)
{
    while (*allowed && *allowed != value)
        allowed++;
    return *allowed != 0;
}

int MediaLibInit(void)
{
    if (initialised)
        return FAILED; /* so that a second call shows */
    initialised = 1;
    return OK;
}

int QueryMICStatus(void)
{
    if (!initialised || is("absent"))
        return STATUS_ABSENT;
    return opened || is("busy") ? STATUS_OPEN : STATUS_CLOSED;
}

int OpenMIC(void)
{
    if (QueryMICStatus() != STATUS_CLOSED)
        return FAILED;
    opened = 1;
    return OK;
}

int SetMICProperty(struct MICProperties *wanted)
{
    static const int rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 96000, 0};
    static const int frames[] = {80, 160, 240, 320, 480, 1024, 2048, 0};
    if (!opened || !one_of(wanted->sample_rate, rates) || !one_of(wanted->frame_sample_rate, frames))
        return FAILED;
    if (wanted->cap_mode != ACTIVE || wanted->bit_width != WIDTH_16)
        return FAILED;
    if (wanted->sound_mode != MONO && wanted->sound_mode != STEREO)
        return FAILED;
    properties = *wanted;
    return OK;
}

/* A tone of 440 Hz at half of full scale, as fast as a microphone gives it. */
int ReadMicSound(void *data, int *size)
{
    int channels = properties.sound_mode == STEREO ? 2 : 1;
    int bytes = 2 * channels * properties.frame_sample_rate;
    int16_t *samples = data;
    while (is("wedged"))
        pause();
    if (!opened || bytes == 0 || *size < bytes || is("dead") || is("absent"))
        return FAILED;
    for (int i = 0; i < properties.frame_sample_rate; i++, given++)
        for (int channel = 0; channel < channels; channel++)
            *samples++ = (int16_t)lrint(16384 * sin(2 * M_PI * 440 * given / properties.sample_rate));
    usleep(1000000L * properties.frame_sample_rate / properties.sample_rate);
    *size = bytes;
    return OK;
}

int CloseMIC(void)
{
    const char *path = getenv("STUB_MICROPHONE_CLOSED");
    FILE *file = path ? fopen(path, "a") : NULL;
    while (is("stuck"))
        pause();
    if (file) {
        fputs("closed\n", file);
        fclose(file);
    }
    opened = 0;
    return OK;
}
