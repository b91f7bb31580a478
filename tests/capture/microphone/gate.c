/* An ALSA plugin in front of another device that can be held by "another program".

   pcm.NAME { type gate slave "DEVICE" openings "FILE" }: the file holds how often the device can still be opened for
   recording; after that it is busy. */

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <stdio.h>

static int may_open(const char *path)
{
    int left = 0;
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%d", &left) != 1)
        left = 0;
    if (file)
        fclose(file);
    if (left <= 0)
        return 0;
    file = fopen(path, "w");
    if (file) {
        fprintf(file, "%d", left - 1);
        fclose(file);
    }
    return 1;
}

SND_PCM_PLUGIN_DEFINE_FUNC(gate)
{
    const char *slave = NULL, *openings = NULL;
    snd_config_iterator_t at, next;
    snd_config_for_each(at, next, conf)
    {
        snd_config_t *entry = snd_config_iterator_entry(at);
        const char *key;
        if (snd_config_get_id(entry, &key) < 0)
            continue;
        if (strcmp(key, "slave") == 0)
            snd_config_get_string(entry, &slave);
        if (strcmp(key, "openings") == 0)
            snd_config_get_string(entry, &openings);
    }
    if (!slave || !openings)
        return -EINVAL;
    if (stream == SND_PCM_STREAM_CAPTURE && !may_open(openings))
        return -EBUSY;
    return snd_pcm_open(pcmp, slave, stream, mode);
}

SND_PCM_PLUGIN_SYMBOL(gate);
